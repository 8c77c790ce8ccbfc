package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"tailscale.com/tsnet"
	"tailscale.com/wgengine/netstack"
	"tsnet-node/helper/internal/limit"
)

// timeWait replaces gVisor's 60 s. A SYN that meets a connection in TIME_WAIT is swallowed here (tsnet has no listening
// endpoint to give it to), so a client that happens to take the same port again waits for its next try: with 2 s, 18 of
// 2 400 short connections that the server closed first stalled for 1 or 3 s; with 50 ms, 4 of 6 200 for 1 s. What the wait
// is for, segments delayed on the way, WireGuard's replay window has dropped already.
const timeWait = 50 * time.Millisecond

type startArgs struct {
	Hostname     string   `json:"hostname"`
	AuthKey      string   `json:"authKey"`
	ClientSecret string   `json:"clientSecret"` // OAuth; changed for an auth key with these tags
	ControlURL   string   `json:"controlUrl"`
	Ephemeral    bool     `json:"ephemeral"`
	Tags         []string `json:"tags"`
	Port         uint16   `json:"port"`
	StateDir     string   `json:"stateDir"`       // empty: the parent keeps the state
	PrivateDir   string   `json:"privateDir"`     // made by the parent, removed by us
	Interactive  bool     `json:"interactive"`    // a person may log the node in
	MostOpen     int      `json:"maxConnections"` // from the tailnet; an address can have a quarter
	Verbose      bool     `json:"verbose"`
}

// startWithin bounds what the start waits for outside this process: an OAuth client secret is changed for an auth key first.
const startWithin = 15 * time.Second

// start begins to join the tailnet; up waits until that is done.
func (n *node) start(a startArgs) error {
	n.privateDir.Store(&a.PrivateDir)
	if err := n.begin(a); err != nil {
		return err
	}
	n.takeBackend()
	server, err := n.newServer(a)
	if err != nil {
		return err
	}
	if err := n.startServer(server, a); err != nil {
		return err
	}
	client, err := server.LocalClient()
	if err != nil {
		return err
	}
	transport := &http.Transport{DialContext: client.Dial}
	client.Transport = transport
	shortenTimeWait(server)
	stopFunnel := serveTestFunnel(n)
	ctx, cancel := context.WithCancel(context.Background())
	n.mu.Lock()
	defer n.mu.Unlock()
	n.server, n.client, n.transport, n.stopFunnel, n.stopWatch = server, client, transport, stopFunnel, cancel
	go n.watch(ctx, client)
	return nil
}

func (n *node) begin(a startArgs) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed || n.started {
		return codedError{"ERR_TSNET_PROTOCOL", "started twice, or after close"}
	}
	n.started, n.args, n.limit = true, a, limit.New(a.MostOpen)
	return nil
}

func (n *node) newServer(a startArgs) (*tsnet.Server, error) {
	server := &tsnet.Server{
		Hostname:      a.Hostname,
		Dir:           a.StateDir,
		AuthKey:       a.AuthKey,
		ClientSecret:  a.oauthSecret(),
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
		return server, keepCertificatesInStore()
	}
	lock, err := lockStateDir(a.StateDir)
	n.lock = lock
	return server, err
}

// keepCertificatesInStore makes Tailscale put certificates where the rest of the state is, which it does in Kubernetes only.
// In our private directory they would be lost at each restart, and authorities limit how often they issue one.
func keepCertificatesInStore() error {
	return errors.Join(os.Setenv("KUBERNETES_SERVICE_HOST", "tsnet-node"), os.Setenv("KUBERNETES_SERVICE_PORT", "0"))
}

// startServer keeps no lock, so that the end of the parent is noticed meanwhile.
func (n *node) startServer(server *tsnet.Server, a startArgs) error {
	started := make(chan error, 1)
	go func() { started <- server.Start() }()
	var err error
	select {
	case err = <-started:
	case <-time.After(startWithin):
		err = fmt.Errorf("no start within %v", startWithin)
	}
	switch {
	case err == nil:
		return nil
	case n.store != nil && n.store.failure() != nil:
		return n.store.failure()
	case a.ClientSecret != "" || strings.Contains(err.Error(), "resolving auth key"):
		return codedError{"ERR_TSNET_AUTH", n.redact(err.Error())}
	}
	return codedError{codeOf(err), n.redact(err.Error())}
}

// oauthSecret says what kind of key is wanted where the secret's owner did not: Tailscale's default is an ephemeral one that
// somebody has to approve.
func (a startArgs) oauthSecret() string {
	secret, named, _ := strings.Cut(a.ClientSecret, "?")
	attributes, err := url.ParseQuery(named)
	if secret == "" || err != nil {
		return a.ClientSecret // which says what is wrong with it
	}
	for name, value := range map[string]bool{"ephemeral": a.Ephemeral, "preauthorized": true} {
		if !attributes.Has(name) {
			attributes.Set(name, strconv.FormatBool(value))
		}
	}
	return secret + "?" + attributes.Encode()
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

// redact keeps secrets out of whatever leaves this process. It reads args without the lock: they are written once, before
// anything logs.
func (n *node) redact(text string) string {
	client, _, _ := strings.Cut(n.args.ClientSecret, "?")
	for _, secret := range []string{n.args.AuthKey, client} {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "[secret]")
		}
	}
	return text
}
