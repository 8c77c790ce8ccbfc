// Package parent connects to the parent's sockets.
package parent

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"
)

// Dial connects to a unix socket of the parent. It retries EAGAIN, which connect(2) answers at once while the parent's
// backlog is full: its event loop may be busy for a moment.
func Dial(ctx context.Context, path string) (*net.UnixConn, error) {
	for pause := time.Millisecond; ; pause = min(2*pause, 200*time.Millisecond) {
		conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
		if err == nil || !errors.Is(err, syscall.EAGAIN) {
			return conn, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pause):
		}
	}
}
