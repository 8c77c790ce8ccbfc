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
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"tailscale.com/ipn/store/mem"
	"tailscale.com/net/netns"
	"tailscale.com/tsnet"
	"tailscale.com/types/logger"
	"tailscale.com/wgengine/netstack"
)

// Bounds of getting up, and of leaving: tsnet's Close can hang.
const (
	upWithin    = 30 * time.Second
	closeWithin = 2 * time.Second
)

func main() {
	hostname := flag.String("hostname", "bench-client", "name in the tailnet")
	controlURL := flag.String("control-url", "", "control server")
	flag.Parse()

	signal.Ignore(os.Interrupt) // Ctrl-C ends the parent, and with it our standard input
	netns.SetEnabled(false)
	dir, err := os.MkdirTemp("", "benchclient-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	node := &tsnet.Server{
		Hostname:   *hostname,
		ControlURL: *controlURL,
		Dir:        dir,
		Store:      new(mem.Store),
		Ephemeral:  true,
		Logf:       logger.Discard,
		UserLogf:   logger.Discard,
	}
	if err := run(node); err != nil {
		log.Print(err)
	}
	closeNode(node)
}

func run(node *tsnet.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), upWithin)
	defer cancel()
	if _, err := node.Up(ctx); err != nil {
		return err
	}
	if err := shortenTimeWait(node); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer l.Close()
	go http.Serve(l, control(node))
	json.NewEncoder(os.Stdout).Encode(map[string]string{"control": "http://" + l.Addr().String()})
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
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

func closeNode(node *tsnet.Server) {
	done := make(chan struct{})
	go func() {
		node.Close()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(closeWithin):
	}
}
