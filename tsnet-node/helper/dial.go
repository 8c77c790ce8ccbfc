package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"tailscale.com/client/local"
	"tailscale.com/net/tsdial"
	"tsnet-node/helper/internal/redial"
)

type dialArgs struct {
	Dial      uint64 `json:"dial"` // the parent's name for this connection, which its stream brings
	Host      string `json:"host"` // MagicDNS name, DNS name of a routed address, or address
	Port      uint16 `json:"port"`
	TimeoutMs int64  `json:"timeoutMs"`
	Socket    string `json:"socket"`
	Token     string `json:"token"`
}

// dial connects to a host of the tailnet and opens the stream that carries the connection.
func (n *node) dial(ctx context.Context, a dialArgs) (any, error) {
	server, client, err := n.running()
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, time.Duration(a.TimeoutMs)*time.Millisecond)
	defer cancel()
	dialer := server.Sys().Dialer.Get()
	to, err := resolve(limited, dialer, client, net.JoinHostPort(a.Host, strconv.Itoa(int(a.Port))))
	if err == nil && !dialer.UseNetstackForIP(to.Addr()) {
		err = codedError{"ERR_TSNET_UNREACHABLE", fmt.Sprintf("the tailnet does not lead to %s", to.Addr())}
	}
	if err != nil {
		return nil, dialError(ctx, a, err)
	}
	conn, err := redial.Dial(limited, dialer.UserDial, "tcp", to.String())
	if err != nil {
		return nil, dialError(ctx, a, err)
	}
	c := n.newCarriage()
	h := header{Version: 1, At: time.Now().UnixMilli(), Stream: c.id, Dial: a.Dial}
	h.Remote, h.Local = to.String(), conn.LocalAddr().String()
	parent, err := openStream(ctx, a.Socket, a.Token, h)
	if err != nil {
		c.end()
		conn.Close()
		return nil, err
	}
	go c.carry(conn, parent)
	return struct{}{}, nil
}

// resolve asks MagicDNS first. Names that can only be the tailnet's are asked of nobody else: they are nobody's business.
func resolve(ctx context.Context, dialer *tsdial.Dialer, client *local.Client, address string) (netip.AddrPort, error) {
	done, cancel := context.WithCancel(context.Background())
	cancel() // MagicDNS answers from memory, all else asks the network and gives up at once
	if to, _, err := dialer.UserDialPlan(done, "tcp", address); err == nil {
		return to, nil
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return netip.AddrPort{}, err
	}
	if isTailnetName(ctx, client, host) {
		return netip.AddrPort{}, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	to, _, err := dialer.UserDialPlan(ctx, "tcp", address)
	return to, err
}

func isTailnetName(ctx context.Context, client *local.Client, host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if !strings.Contains(host, ".") {
		return true
	}
	st, err := client.StatusWithoutPeers(ctx)
	return err == nil && st.CurrentTailnet != nil && strings.HasSuffix(host, "."+st.CurrentTailnet.MagicDNSSuffix)
}

// dialError finds the code for a failure. gVisor's errors are known by their text alone.
func dialError(ctx context.Context, a dialArgs, err error) error {
	var coded codedError
	var dns *net.DNSError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &coded):
		return coded
	case errors.Is(err, context.DeadlineExceeded), strings.Contains(err.Error(), "timed out"):
		return codedError{"ERR_TSNET_TIMEOUT", fmt.Sprintf("%s:%d did not answer within %d ms", a.Host, a.Port, a.TimeoutMs)}
	case errors.As(err, &dns):
		return codedError{"ERR_TSNET_NAME_NOT_FOUND", fmt.Sprintf("%s has no address: %s", a.Host, dns.Err)}
	case redial.IsRefused(err):
		return codedError{"ERR_TSNET_REFUSED", fmt.Sprintf("%s refuses connections to port %d", a.Host, a.Port)}
	}
	return codedError{"ERR_TSNET_UNREACHABLE", err.Error()}
}
