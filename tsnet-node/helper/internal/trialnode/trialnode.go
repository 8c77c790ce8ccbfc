// Package trialnode runs a node of a tailnet for as long as a test or a benchmark needs it.
package trialnode

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"os"
	"os/signal"
	"time"

	"tailscale.com/ipn/ipnstate"
	"tailscale.com/ipn/store/mem"
	"tailscale.com/net/netns"
	"tailscale.com/tsnet"
)

// Bounds of getting up, and of leaving: tsnet's Close can hang.
const (
	upWithin    = 30 * time.Second
	closeWithin = 2 * time.Second
)

// Run brings a node up, prints what serve returns as the first line, in JSON, and ends the node at the end of standard input. A node
// without a directory is ephemeral and in memory.
func Run(node *tsnet.Server, serve func(*ipnstate.Status) (any, error)) {
	signal.Ignore(os.Interrupt) // Ctrl-C ends the parent, and with it our standard input
	netns.SetEnabled(false)
	if node.Dir == "" {
		dir, err := os.MkdirTemp("", node.Hostname+"-")
		if err != nil {
			log.Fatal(err)
		}
		defer os.RemoveAll(dir)
		node.Dir, node.Store, node.Ephemeral = dir, new(mem.Store), true
	}
	if err := run(node, serve); err != nil {
		log.Print(err)
	}
	closeNode(node)
}

// IPs returns a node's addresses in the tailnet.
func IPs(status *ipnstate.Status) []string {
	ips := []string{}
	for _, ip := range status.TailscaleIPs {
		ips = append(ips, ip.String())
	}
	return ips
}

func run(node *tsnet.Server, serve func(*ipnstate.Status) (any, error)) error {
	ctx, cancel := context.WithTimeout(context.Background(), upWithin)
	defer cancel()
	status, err := node.Up(ctx)
	if err != nil {
		return err
	}
	line, err := serve(status)
	if err != nil {
		return err
	}
	json.NewEncoder(os.Stdout).Encode(line)
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
