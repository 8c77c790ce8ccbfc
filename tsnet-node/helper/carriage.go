package main

import (
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"

	"tailscale.com/ipn"
)

// 32 KiB: larger buffers cost memory for each connection and win nothing.
var buffers = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}

// carriage is one connection of the tailnet and the parent's stream for it.
//
// A unix stream knows one kind of end, and has it too when this process dies. So the control channel says which end it is:
// the parent hears "streamEnd" when the peer has ended and "streamReset" when its connection broke, and says "drop" when it
// wants no more itself, which half a close would not tell.
type carriage struct {
	node    *node
	id      uint64
	dropped chan struct{}
	drop    func()      // idempotent
	leave   func()      // the limit of connections
	sent    atomic.Bool // all that the parent sends is on its way
}

func (n *node) newCarriage() *carriage {
	c := &carriage{node: n, dropped: make(chan struct{}), leave: func() {}}
	c.drop = sync.OnceFunc(func() { close(c.dropped) })
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lastCarriage++
	c.id = n.lastCarriage
	n.carriages[c.id] = c
	return c
}

type streamEvent struct {
	Stream uint64 `json:"stream"`
}

func (n *node) drop(a streamEvent) {
	n.mu.Lock()
	c := n.carriages[a.Stream]
	n.mu.Unlock()
	if c != nil {
		c.drop()
	}
}

// enter counts a connection of this peer's until the carriage ends, or returns false where that is one too many.
func (c *carriage) enter(peer netip.Addr) bool {
	limit := c.node.limit
	if !limit.Enter(peer) {
		return false
	}
	c.leave = func() { limit.Leave(peer) }
	return true
}

func (c *carriage) end() {
	c.leave()
	c.node.mu.Lock()
	delete(c.node.carriages, c.id)
	c.node.mu.Unlock()
}

// carry copies both ways, passes half-closes on, and returns when both directions are done.
func (c *carriage) carry(tailnet net.Conn, parent *net.UnixConn) {
	defer c.end()
	inbound := make(chan struct{})
	go func() {
		defer close(inbound)
		c.copyIn(parent, tailnet)
	}()
	c.copyOut(tailnet, parent, inbound)
	<-inbound
	tailnet.Close()
	parent.Close()
}

// copyIn copies what the tailnet's side sends.
func (c *carriage) copyIn(parent *net.UnixConn, tailnet net.Conn) {
	readErr, writeErr := copyAll(parent, tailnet)
	switch {
	case readErr != nil || writeErr == nil && c.broke(tailnet):
		c.tell("streamReset")
	case writeErr == nil:
		c.tell("streamEnd")
		if parent.CloseWrite() == nil {
			return
		}
	}
	parent.Close()
	tailnet.Close()
}

// copyOut copies what the parent sends, all of it, even when it wants no more itself.
func (c *carriage) copyOut(tailnet net.Conn, parent *net.UnixConn, inbound <-chan struct{}) {
	readErr, writeErr := copyAll(tailnet, parent)
	if readErr == nil && writeErr == nil {
		c.sent.Store(true)
		writeErr = closeWrite(tailnet)
	}
	if writeErr != nil {
		c.tell("streamReset")
	}
	if readErr == nil && writeErr == nil {
		select {
		case <-inbound:
			return
		case <-c.dropped:
		}
	}
	tailnet.Close()
	parent.Close()
}

// broke says whether a connection that seems to have ended was reset. gVisor tells one reader or writer of it alone; to the
// others it looks like an end. While our half is open, an ended connection still has addresses, and a broken one has none.
func (c *carriage) broke(tailnet net.Conn) bool {
	return !c.sent.Load() && tailnet.RemoteAddr() == nil
}

// tell tells the parent how the tailnet's side ended, unless it wants to hear no more.
func (c *carriage) tell(event string) {
	select {
	case <-c.dropped:
	default:
		c.node.channel.event(event, streamEvent{c.id})
	}
}

// copyAll copies until the source ends, and says which side failed.
func copyAll(to io.Writer, from io.Reader) (readErr, writeErr error) {
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	for {
		n, err := from.Read(*buffer)
		if n > 0 {
			if _, err := to.Write((*buffer)[:n]); err != nil {
				return nil, err
			}
		}
		if err == io.EOF {
			return nil, nil
		}
		if err != nil {
			return err, nil
		}
	}
}

func closeWrite(c net.Conn) error {
	if funnel, ok := c.(*ipn.FunnelConn); ok {
		c = funnel.Conn // the wrapper hides the method
	}
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return c.Close()
}
