// Command benchserver is what the benchmark compares with: the handler of bench/node-server.ts as a Go program, on tsnet
// and net/http alone.
//
// It prints {"ips":["100.64.0.2",…]} as its first line once it serves, and ends at the end of its standard input.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"

	"tailscale.com/ipn/store/mem"
	"tailscale.com/net/netns"
	"tailscale.com/tsnet"
	"tailscale.com/types/logger"
)

// Bounds of getting up, and of leaving: tsnet's Close can hang.
const (
	upWithin    = 30 * time.Second
	closeWithin = 2 * time.Second
)

func main() {
	hostname := flag.String("hostname", "bench-go", "name in the tailnet")
	controlURL := flag.String("control-url", "", "control server")
	flag.Parse()

	signal.Ignore(os.Interrupt) // Ctrl-C ends the parent, and with it our standard input
	netns.SetEnabled(false)
	dir, err := os.MkdirTemp("", "benchserver-")
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
	status, err := node.Up(ctx)
	if err != nil {
		return err
	}
	client, err := node.LocalClient()
	if err != nil {
		return err
	}
	l, err := node.Listen("tcp", ":80")
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler: handler(),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return withCaller(ctx, client, c)
		},
	}
	go server.Serve(l)

	ips := []string{}
	for _, ip := range status.TailscaleIPs {
		ips = append(ips, ip.String())
	}
	json.NewEncoder(os.Stdout).Encode(map[string]any{"ips": ips})
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
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
