package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net"

	"tsnet-node/helper/internal/parent"
	"tsnet-node/helper/internal/peer"
)

// A stream into the parent begins with
//
//	32 bytes token | 4 bytes length, big endian | header as JSON
//
// and goes on with the connection's own bytes, in both directions.
const (
	tokenLength = 32
	maxHeader   = 1 << 20
)

type header struct {
	Version    int          `json:"v"`
	Stream     uint64       `json:"stream"`         // names the stream in what is said about it
	Dial       uint64       `json:"dial,omitempty"` // a connection that the parent asked for: no peer
	At         int64        `json:"at"`             // when identity was asked for, milliseconds since the epoch
	Remote     string       `json:"remote"`         // ip:port of the peer, or of the Internet client for Funnel
	Local      string       `json:"local,omitempty"`
	TLS        *tlsFacts    `json:"tls,omitempty"`    // we ended TLS
	Funnel     *funnelFacts `json:"funnel,omitempty"` // from the public Internet: no peer
	Peer       *peer.Peer   `json:"peer,omitempty"`   // absent for Funnel and for unknown peers
	WhoIsError string       `json:"whoIsError,omitempty"`
}

type tlsFacts struct {
	ServerName string `json:"serverName"`
	ALPN       string `json:"alpn"`
	Version    string `json:"version"`
}

type funnelFacts struct {
	Target string `json:"target"`
}

// openStream opens a stream into the parent and says in its header what it carries.
func openStream(ctx context.Context, path, token string, h header) (*net.UnixConn, error) {
	conn, err := parent.Dial(ctx, path)
	if err != nil {
		return nil, err
	}
	if err := writeHeader(conn, token, h); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

func writeHeader(stream net.Conn, token string, h header) error {
	text, err := json.Marshal(h)
	if err != nil {
		return err
	}
	if len(text) > maxHeader {
		return fmt.Errorf("header of %d bytes: the peer has too many capabilities", len(text))
	}
	head := make([]byte, 0, tokenLength+4+len(text))
	head = append(head, token...)
	head = binary.BigEndian.AppendUint32(head, uint32(len(text)))
	head = append(head, text...)
	_, err = stream.Write(head)
	return err
}
