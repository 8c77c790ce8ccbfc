package main

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"
)

// admitWithin bounds everything that happens to a connection before its bytes flow.
const admitWithin = 15 * time.Second

var errTooMany = errors.New("too many connections")

// serve hands one connection to the parent and returns when both directions are done.
func (l *listener) serve(conn net.Conn) {
	defer conn.Close()
	c := l.node.newCarriage()
	parent, stream, err := l.admit(conn, c)
	if err != nil {
		c.end()
		l.node.logf("debug")("refused %v: %v", conn.RemoteAddr(), err)
		return
	}
	c.carry(stream, parent)
}

// admit counts the connection, ends TLS, finds out who is there and opens the parent's stream, whose header says so.
func (l *listener) admit(conn net.Conn, c *carriage) (parent *net.UnixConn, stream net.Conn, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), admitWithin)
	defer cancel()
	stream = conn
	h := header{Version: 1, Stream: c.id}
	remote, err := h.locate(ctx, conn)
	if err != nil {
		return nil, nil, err
	}
	if !c.enter(remote) {
		l.node.drops.add(remote)
		return nil, nil, errTooMany
	}
	if l.tls != nil {
		secured := tls.Server(conn, l.tls)
		if err := secured.HandshakeContext(ctx); err != nil {
			return nil, nil, err
		}
		stream, h.TLS = secured, tlsFactsOf(secured.ConnectionState())
	}
	if err := l.identify(remote, &h); err != nil {
		return nil, nil, err
	}
	parent, err = openStream(ctx, l.Socket, l.Token, h)
	return parent, stream, err
}

func tlsFactsOf(s tls.ConnectionState) *tlsFacts {
	return &tlsFacts{ServerName: s.ServerName, ALPN: s.NegotiatedProtocol, Version: tls.VersionName(s.Version)}
}
