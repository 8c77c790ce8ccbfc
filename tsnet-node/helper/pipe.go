package main

import (
	"io"
	"net"
	"sync"

	"tailscale.com/ipn"
)

// 32 KiB: larger buffers cost memory for each connection and win nothing.
var buffers = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}

// pipe copies both ways, passes half-closes on, and returns when both directions are done.
func pipe(a, b net.Conn) {
	var both sync.WaitGroup
	both.Go(func() { copyHalf(a, b) })
	both.Go(func() { copyHalf(b, a) })
	both.Wait()
}

// copyHalf copies until the source ends. A direction that breaks ends the other one too.
func copyHalf(to, from net.Conn) {
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	// Bare Reader and Writer: else io.Copy takes shortcuts with buffers of its own.
	_, err := io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{from}, *buffer)
	if err == nil && closeWrite(to) == nil {
		return
	}
	to.Close()
	from.Close()
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
