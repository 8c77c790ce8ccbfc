package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"tailscale.com/tsnet"
	"tailscale.com/wgengine/netstack"
)

// timeWait replaces gVisor's 60 s. A SYN that meets a connection in TIME_WAIT is swallowed here (tsnet has no listening
// endpoint to give it to), so a client that happens to take the same port again waits for its next try: with 2 s, 18 of
// 2 400 short connections that the server closed first stalled for 1 or 3 s; with 50 ms, 4 of 6 200 for 1 s. What the wait
// is for, segments delayed on the way, WireGuard's replay window has dropped already.
const timeWait = 50 * time.Millisecond

type startArgs struct {
	Hostname    string   `json:"hostname"`
	AuthKey     string   `json:"authKey"`
	ControlURL  string   `json:"controlUrl"`
	Ephemeral   bool     `json:"ephemeral"`
	Tags        []string `json:"tags"`
	Port        uint16   `json:"port"`
	StateDir    string   `json:"stateDir"`    // empty: the parent keeps the state
	PrivateDir  string   `json:"privateDir"`  // made by the parent, removed by us
	Interactive bool     `json:"interactive"` // a person may log the node in
	Verbose     bool     `json:"verbose"`
}

// start begins to join the tailnet; up waits until that is done.
func (n *node) start(a startArgs) error {
	n.privateDir.Store(&a.PrivateDir)
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed || n.server != nil {
		return codedError{"ERR_TSNET_PROTOCOL", "started twice, or after close"}
	}
	n.args = a

	server := &tsnet.Server{
		Hostname:      a.Hostname,
		Dir:           a.StateDir,
		AuthKey:       a.AuthKey,
		ControlURL:    a.ControlURL,
		Ephemeral:     a.Ephemeral,
		AdvertiseTags: a.Tags,
		Port:          a.Port,
		UserLogf:      n.logf("info"),
	}
	if a.Verbose {
		server.Logf = n.logf("debug")
	}
	if a.StateDir == "" {
		n.store = newParentStore(n.channel)
		server.Store = n.store
		server.Dir = filepath.Join(a.PrivateDir, "var") // for tsnet's odds and ends
	} else {
		lock, err := lockStateDir(a.StateDir)
		if err != nil {
			return err
		}
		n.lock = lock
	}

	if err := server.Start(); err != nil {
		if n.store != nil && n.store.failure() != nil {
			return n.store.failure()
		}
		return n.redacted(err)
	}
	client, err := server.LocalClient()
	if err != nil {
		return err
	}
	shortenTimeWait(server)
	n.server, n.client = server, client
	n.stopFunnel = serveTestFunnel(n)
	ctx, cancel := context.WithCancel(context.Background())
	n.stopWatch = cancel
	go n.watch(ctx, client)
	return nil
}

func shortenTimeWait(s *tsnet.Server) {
	stack, ok := s.Sys().Netstack.Get().(*netstack.Impl)
	if !ok {
		panic("tsnet without its own netstack")
	}
	option := tcpip.TCPTimeWaitTimeoutOption(timeWait)
	if err := stack.SetTransportProtocolOption(tcp.ProtocolNumber, &option); err != nil {
		panic(err.String())
	}
}

func (n *node) logf(level string) func(string, ...any) {
	return func(format string, args ...any) {
		if level == "debug" && !n.args.Verbose {
			return
		}
		n.channel.event("log", map[string]string{"level": level, "message": n.redact(fmt.Sprintf(format, args...))})
	}
}

// redact keeps the auth key out of whatever leaves this process. It reads args without the lock: they are written once,
// before anything logs.
func (n *node) redact(text string) string {
	if n.args.AuthKey == "" {
		return text
	}
	return strings.ReplaceAll(text, n.args.AuthKey, "[auth key]")
}

func (n *node) redacted(err error) error {
	return codedError{codeOf(err), n.redact(err.Error())}
}
