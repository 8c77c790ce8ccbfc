package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"tailscale.com/client/local"
	"tailscale.com/tsnet"
	"tsnet-node/helper/internal/limit"
)

// node is the one Tailscale node of this process.
type node struct {
	channel    *channel
	privateDir atomic.Pointer[string] // to remove at the end, whoever holds the lock then
	directory  directory
	drops      drops

	mu           sync.Mutex
	closed       bool
	started      bool
	args         startArgs
	server       *tsnet.Server // nil until started
	client       *local.Client
	transport    *http.Transport // the client's
	backend      backend         // set with the server
	store        *parentStore    // nil when the state is in a directory
	lock         *os.File        // held until the process ends
	listeners    map[string]*listener
	limit        *limit.Limit // of connections from the tailnet; set with the args
	carriages    map[uint64]*carriage
	lastCarriage uint64
	stopWatch    context.CancelFunc
	stopFunnel   func()
}

func newNode(c *channel) *node {
	return &node{
		channel:    c,
		drops:      drops{channel: c},
		listeners:  map[string]*listener{},
		carriages:  map[uint64]*carriage{},
		stopWatch:  func() {},
		stopFunnel: func() {},
	}
}

// do answers one question of the parent.
func (n *node) do(ctx context.Context, op string, raw json.RawMessage) (any, error) {
	switch op {
	case "start":
		return withArgs(raw, func(a startArgs) (any, error) { return nil, n.start(a) })
	case "up":
		return n.up(ctx)
	case "status":
		return n.status(ctx)
	case "whois":
		return withArgs(raw, func(a whoIsArgs) (any, error) { return n.whoIs(a) })
	case "whoisNode":
		return withArgs(raw, func(a whoIsNodeArgs) (any, error) { return n.whoIsNode(ctx, a) })
	case "listen":
		return withArgs(raw, func(a listenArgs) (any, error) { return n.listen(a) })
	case "unlisten":
		return withArgs(raw, func(a unlistenArgs) (any, error) { return nil, n.unlisten(a) })
	case "dial":
		return withArgs(raw, func(a dialArgs) (any, error) { return n.dial(ctx, a) })
	case "drop":
		return withArgs(raw, func(a streamEvent) (any, error) { n.drop(a); return nil, nil })
	case "cert":
		return withArgs(raw, func(a certArgs) (any, error) { return n.cert(ctx, a) })
	case "logout":
		return nil, n.logout(ctx)
	}
	return nil, codedError{"ERR_TSNET_PROTOCOL", "unknown op " + op}
}

func withArgs[A any](raw json.RawMessage, do func(A) (any, error)) (any, error) {
	var args A
	if err := json.Unmarshal(raw, &args); err != nil {
		return nil, codedError{"ERR_TSNET_PROTOCOL", err.Error()}
	}
	return do(args)
}

// running returns the server and its client, or an error before start and after close.
func (n *node) running() (*tsnet.Server, *local.Client, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return nil, nil, codedError{"ERR_TSNET_CLOSED", "the node is closed"}
	}
	if n.server == nil {
		return nil, nil, codedError{"ERR_TSNET_NOT_UP", "the node is not started"}
	}
	return n.server, n.client, nil
}

// closeWithin leaves the tailnet, or gives up after the limit, and removes the private directory either way.
func (n *node) closeWithin(limit time.Duration) {
	done := make(chan struct{})
	go func() {
		n.close()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(limit):
		fmt.Fprintln(os.Stderr, "tsnet-helper: closing took too long, exiting without")
	}
	if dir := n.privateDir.Load(); dir != nil {
		os.RemoveAll(*dir)
	}
}

func (n *node) close() {
	n.mu.Lock()
	n.closed = true
	server, transport, listeners := n.server, n.transport, n.listeners
	n.listeners = map[string]*listener{}
	stopWatch, stopFunnel := n.stopWatch, n.stopFunnel
	n.mu.Unlock()

	stopWatch() // first: a live bus watch makes tsnet's Close wait 5 s
	stopFunnel()
	for _, l := range listeners {
		l.Close()
	}
	if server != nil {
		transport.CloseIdleConnections() // tsnet's Close waits 5 s for one that no question has used yet
		server.Close()
	}
}
