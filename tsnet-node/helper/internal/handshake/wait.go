// Package handshake waits for the end of a TCP handshake.
package handshake

import (
	"context"
	"net"
	"time"
)

// Wait returns both addresses of a connection once they are there. tsnet hands a connection to Accept as soon as gVisor has
// begun its handshake; until that is done it has no addresses, and closing would leave the client hanging without a reset.
//
// It asks for each of them once: the peer may reset the connection at any moment, which then has no addresses either.
func Wait(ctx context.Context, c net.Conn) (remote, local net.Addr, err error) {
	for pause := 200 * time.Microsecond; ; pause = min(2*pause, 5*time.Millisecond) {
		remote, local = c.RemoteAddr(), c.LocalAddr()
		if remote != nil && local != nil {
			return remote, local, nil
		}
		select {
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		case <-time.After(pause):
		}
	}
}
