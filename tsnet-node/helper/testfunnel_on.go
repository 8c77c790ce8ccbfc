//go:build testfunnel

package main

import (
	"bufio"
	"encoding/json"
	"net"
	"net/netip"
	"path/filepath"

	"tailscale.com/ipn"
)

// testFunnelRequest is the first line of a connection to funnel.sock; the Internet client's bytes follow it.
type testFunnelRequest struct {
	Port   uint16         `json:"port"` // the listener's
	Src    netip.AddrPort `json:"src"`
	Target string         `json:"target"`
}

// serveTestFunnel takes connections to a socket in the private directory, as Funnel would deliver them: there is no
// Funnel offline. From the FunnelConn on everything is what a real one meets.
func serveTestFunnel(n *node) (stop func()) {
	l, err := net.Listen("unix", filepath.Join(n.args.PrivateDir, "funnel.sock"))
	if err != nil {
		panic(err)
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go n.takeTestFunnel(conn.(*net.UnixConn))
		}
	}()
	return func() { l.Close() }
}

func (n *node) takeTestFunnel(conn *net.UnixConn) {
	reader := bufio.NewReaderSize(conn, 4<<10)
	line, err := reader.ReadSlice('\n')
	var request testFunnelRequest
	if err != nil || json.Unmarshal(line, &request) != nil {
		conn.Close()
		return
	}
	l := n.listenerOn(request.Port)
	if l == nil {
		conn.Close()
		return
	}
	l.serve(&ipn.FunnelConn{
		Conn:   &bufferedConn{UnixConn: conn, reader: reader},
		Src:    request.Src,
		Target: ipn.HostPort(request.Target),
	})
}

func (n *node) listenerOn(port uint16) *listener {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, l := range n.listeners {
		if l.Port == port {
			return l
		}
	}
	return nil
}

// bufferedConn reads what the reader holds already first.
type bufferedConn struct {
	*net.UnixConn
	reader *bufio.Reader
}

func (c *bufferedConn) Read(b []byte) (int, error) { return c.reader.Read(b) }
