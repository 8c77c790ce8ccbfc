package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
)

type listenArgs struct {
	Key           string   `json:"key"`
	Port          uint16   `json:"port"`
	TLS           bool     `json:"tls"`
	ALPN          []string `json:"alpn"`          // what TLS offers, the favourite first
	AcceptUnknown bool     `json:"acceptUnknown"` // hand over peers that the tailnet does not vouch for
	Socket        string   `json:"socket"`        // the parent's unix socket
	Token         string   `json:"token"`         // proves to the parent that a stream comes from us
}

type unlistenArgs struct {
	Key string `json:"key"`
}

// listener is one port of the tailnet and the socket of the parent that it leads to.
type listener struct {
	net.Listener
	listenArgs
	node *node
	tls  *tls.Config // nil for plain TCP
}

func (n *node) listen(a listenArgs) (any, error) {
	server, client, err := n.running()
	if err != nil {
		return nil, err
	}
	if len(a.Token) != tokenLength {
		return nil, codedError{"ERR_TSNET_PROTOCOL", "token of the wrong length"}
	}
	accepting, err := server.Listen("tcp", fmt.Sprintf(":%d", a.Port))
	if err != nil {
		return nil, err
	}
	l := &listener{Listener: accepting, listenArgs: a, node: n}
	if a.TLS {
		l.tls = &tls.Config{
			MinVersion:     tls.VersionTLS12,
			NextProtos:     a.ALPN,
			GetCertificate: client.GetCertificate,
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed || n.listeners[a.Key] != nil {
		accepting.Close()
		return nil, codedError{"ERR_TSNET_PROTOCOL", "listener key in use, or closed"}
	}
	n.listeners[a.Key] = l
	go l.accept()
	return struct{}{}, nil
}

func (n *node) unlisten(a unlistenArgs) error {
	n.mu.Lock()
	l := n.listeners[a.Key]
	delete(n.listeners, a.Key)
	n.mu.Unlock()
	if l == nil {
		return nil
	}
	return l.Close()
}

// accept takes connections and does nothing else: tsnet drops one that waits for more than a second.
func (l *listener) accept() {
	for {
		conn, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			l.node.logf("info")("listener on port %d ended: %v", l.Port, err)
			return
		}
		go l.serve(conn)
	}
}
