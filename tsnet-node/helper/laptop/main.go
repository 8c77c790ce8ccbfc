// Command laptop is a person's device on a tailnet: a node with a SOCKS5 proxy on loopback.
//
// It prints {"socks":"127.0.0.1:…","ips":["100.64.0.2",…]} as its first line once it is up, and ends at the end of its
// standard input. The auth key, if any, is read from the environment: TS_AUTHKEY.
package main

import (
	"context"
	"flag"
	"log"
	"net"
	"time"

	"tailscale.com/ipn/ipnstate"
	"tailscale.com/net/socks5"
	"tailscale.com/tsnet"
	"tailscale.com/types/logger"
	"tsnet-node/helper/internal/redial"
	"tsnet-node/helper/internal/trialnode"
)

// dialWithin replaces the proxy's 5 s: just then WireGuard repeats a handshake message that was lost.
const dialWithin = 15 * time.Second

func main() {
	hostname := flag.String("hostname", "laptop", "name in the tailnet")
	controlURL := flag.String("control-url", "", "control server; Tailscale's own by default")
	stateDir := flag.String("state-dir", "", "keeps the identity over restarts; in memory (ephemeral) by default")
	verbose := flag.Bool("v", false, "log to standard error")
	flag.Parse()

	logf := logger.Discard
	if *verbose {
		logf = log.Printf
	}
	node := &tsnet.Server{
		Hostname:   *hostname,
		ControlURL: *controlURL,
		Dir:        *stateDir,
		Logf:       logf,
		UserLogf:   logf,
	}
	trialnode.Run(node, func(status *ipnstate.Status) (any, error) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		dial := func(ctx context.Context, network, address string) (net.Conn, error) {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dialWithin)
			defer cancel()
			return redial.Dial(ctx, node.Dial, network, address)
		}
		go (&socks5.Server{Dialer: dial, Logf: logf}).Serve(l)
		return map[string]any{"socks": l.Addr().String(), "ips": trialnode.IPs(status)}, nil
	})
}
