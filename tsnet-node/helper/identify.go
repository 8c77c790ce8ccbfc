package main

import (
	"context"
	"net"
	"net/netip"
	"time"

	"tailscale.com/ipn"
	"tsnet-node/helper/internal/handshake"
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
	remoteAddr, localAddr, err := handshake.Wait(ctx, conn)
	if err != nil {
		return err
	}
	remote, err := netip.ParseAddrPort(remoteAddr.String())
	if err != nil {
		return err // nobody to ask about
	}
	h.Remote, h.Local = remote.String(), localAddr.String()
	who, err := l.node.ask(remote.Addr())
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
