// Command laptop is a person's device on a tailnet: a node with a SOCKS5 proxy on loopback.
//
// It prints {"socks":"127.0.0.1:…","ips":["100.64.0.2",…]} as its first line once it is up, and ends at the end of its
// standard input. The auth key, if any, is read from the environment: TS_AUTHKEY.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"io"
	"log"
	"net"
	"os"
	"os/signal"
	"time"

	"tailscale.com/ipn/store/mem"
	"tailscale.com/net/netns"
	"tailscale.com/net/socks5"
	"tailscale.com/tsnet"
	"tailscale.com/types/logger"
	"tsnet-node/helper/internal/redial"
)

// Bounds of getting up, and of leaving: tsnet's Close can hang.
const (
	upWithin    = 30 * time.Second
	closeWithin = 2 * time.Second
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
	signal.Ignore(os.Interrupt) // Ctrl-C ends the parent, and with it our standard input
	netns.SetEnabled(false)
	node := &tsnet.Server{
		Hostname:   *hostname,
		ControlURL: *controlURL,
		Dir:        *stateDir,
		Logf:       logf,
		UserLogf:   logf,
	}
	if *stateDir == "" {
		dir, err := os.MkdirTemp("", "laptop-")
		if err != nil {
			log.Fatal(err)
		}
		defer os.RemoveAll(dir)
		node.Dir, node.Store, node.Ephemeral = dir, new(mem.Store), true
	}
	if err := run(node, logf); err != nil {
		log.Print(err)
	}
	closeNode(node)
}

func run(node *tsnet.Server, logf logger.Logf) error {
	ctx, cancel := context.WithTimeout(context.Background(), upWithin)
	defer cancel()
	status, err := node.Up(ctx)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer l.Close()
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dialWithin)
		defer cancel()
		return redial.Dial(ctx, node.Dial, network, address)
	}
	go (&socks5.Server{Dialer: dial, Logf: logf}).Serve(l)

	ips := []string{}
	for _, ip := range status.TailscaleIPs {
		ips = append(ips, ip.String())
	}
	json.NewEncoder(os.Stdout).Encode(map[string]any{"socks": l.Addr().String(), "ips": ips})
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
