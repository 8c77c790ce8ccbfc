package main

import (
	"context"
	"net"
	"net/netip"
	"time"

	"tailscale.com/ipn"
)

// identify writes into the header who is at the other end of a connection, or returns why it must not be served.
//
// Funnel comes first: such a connection's address is the relay's, and WhoIs would answer with the relay's identity.
func (l *listener) identify(ctx context.Context, conn net.Conn, h *header) error {
	if funnel, ok := conn.(*ipn.FunnelConn); ok {
		h.At = time.Now().UnixMilli()
		h.Remote = funnel.Src.String()
		h.Funnel = &funnelFacts{Target: string(funnel.Target)}
		return nil
	}
	if err := waitEstablished(ctx, conn); err != nil {
		return err
	}
	remote, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	if err != nil {
		return err // nobody to ask about
	}
	h.Remote, h.Local = remote.String(), conn.LocalAddr().String()
	who, err := ask(ctx, l.client, remote.Addr())
	h.At = who.At
	switch {
	case err == nil:
		h.Peer = who.Peer
	case !l.AcceptUnknown:
		return err
	case codeOf(err) != "ERR_TSNET_PEER_NOT_FOUND":
		h.WhoIsError = err.Error()
	}
	return nil
}

// waitEstablished waits for the end of the TCP handshake. tsnet hands a connection to Accept as soon as gVisor has begun
// it; until then there are no addresses, and closing would leave the client hanging without a reset.
func waitEstablished(ctx context.Context, c net.Conn) error {
	for pause := 200 * time.Microsecond; c.RemoteAddr() == nil || c.LocalAddr() == nil; pause = min(2*pause, 20*time.Millisecond) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
	return nil
}
