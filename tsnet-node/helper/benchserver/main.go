// Command benchserver is what the benchmark compares with: the handler of bench/node-server.ts as a Go program, on tsnet
// and net/http alone.
//
// It prints {"ips":["100.64.0.2",…]} as its first line once it serves, and ends at the end of its standard input.
package main

import (
	"context"
	"flag"
	"net"
	"net/http"

	"tailscale.com/ipn/ipnstate"
	"tailscale.com/tsnet"
	"tailscale.com/types/logger"
	"tsnet-node/helper/internal/trialnode"
)

func main() {
	hostname := flag.String("hostname", "bench-go", "name in the tailnet")
	controlURL := flag.String("control-url", "", "control server")
	flag.Parse()

	node := &tsnet.Server{
		Hostname:   *hostname,
		ControlURL: *controlURL,
		Logf:       logger.Discard,
		UserLogf:   logger.Discard,
	}
	trialnode.Run(node, func(status *ipnstate.Status) (any, error) {
		client, err := node.LocalClient()
		if err != nil {
			return nil, err
		}
		l, err := node.Listen("tcp", ":80")
		if err != nil {
			return nil, err
		}
		server := &http.Server{
			Handler: handler(),
			ConnContext: func(ctx context.Context, c net.Conn) context.Context {
				return withCaller(ctx, client, c)
			},
		}
		go server.Serve(l)
		return map[string]any{"ips": trialnode.IPs(status)}, nil
	})
}
