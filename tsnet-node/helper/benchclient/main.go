// Command benchclient is the benchmark's load generator: a node of the tailnet that asks over tsnet's own Dial, with an
// HTTP client that does no more than it must, so that it costs the same whoever answers and as little as possible.
//
// It prints {"control":"http://127.0.0.1:…"} as its first line once it is up, and ends at the end of its standard input.
// Under that address, each a POST that answers when it is over:
//
//	/reach     {"address":"100.64.0.2"}: waits for a direct path to the node
//	/load      see load.go
//	/download  {"address":"100.64.0.2:80","path":"/bytes/1024"}: one answer, read whole: {"bytes":1024,"seconds":0.001}
package main

import (
	"errors"
	"flag"
	"net"
	"net/http"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"tailscale.com/ipn/ipnstate"
	"tailscale.com/tsnet"
	"tailscale.com/types/logger"
	"tailscale.com/wgengine/netstack"
	"tsnet-node/helper/internal/trialnode"
)

func main() {
	hostname := flag.String("hostname", "bench-client", "name in the tailnet")
	controlURL := flag.String("control-url", "", "control server")
	flag.Parse()

	node := &tsnet.Server{
		Hostname:   *hostname,
		ControlURL: *controlURL,
		Logf:       logger.Discard,
		UserLogf:   logger.Discard,
	}
	trialnode.Run(node, func(*ipnstate.Status) (any, error) {
		if err := shortenTimeWait(node); err != nil {
			return nil, err
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		go http.Serve(l, control(node))
		return map[string]string{"control": "http://" + l.Addr().String()}, nil
	})
}

// shortenTimeWait keeps gVisor's 60 s from using up the ports: here the client closes first.
func shortenTimeWait(node *tsnet.Server) error {
	option := tcpip.TCPTimeWaitTimeoutOption(50 * time.Millisecond)
	err := node.Sys().Netstack.Get().(*netstack.Impl).SetTransportProtocolOption(tcp.ProtocolNumber, &option)
	if err != nil {
		return errors.New(err.String())
	}
	return nil
}
