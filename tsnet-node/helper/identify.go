package main

import (
	"context"
	"net"
	"net/netip"
	"time"

	"tailscale.com/ipn"
	"tsnet-node/helper/internal/handshake"
)

// locate writes into the header where a connection comes from, and returns the address.
//
// Funnel comes first: such a connection's own address is the relay's, and WhoIs would answer with the relay's identity.
func (h *header) locate(ctx context.Context, conn net.Conn) (netip.Addr, error) {
	if funnel, ok := conn.(*ipn.FunnelConn); ok {
		h.Remote = funnel.Src.String()
		h.Funnel = &funnelFacts{Target: string(funnel.Target)}
		return funnel.Src.Addr(), nil
	}
	remoteAddr, localAddr, err := handshake.Wait(ctx, conn)
	if err != nil {
		return netip.Addr{}, err
	}
	remote, err := netip.ParseAddrPort(remoteAddr.String())
	if err != nil {
		return netip.Addr{}, err // nobody to ask about
	}
	h.Remote, h.Local = remote.String(), localAddr.String()
	return remote.Addr(), nil
}

// identify writes into the header who has the address of a connection, or returns why it must not be served.
func (l *listener) identify(remote netip.Addr, h *header) error {
	if h.Funnel != nil {
		h.At = time.Now().UnixMilli()
		return nil
	}
	who, err := l.node.ask(remote)
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
