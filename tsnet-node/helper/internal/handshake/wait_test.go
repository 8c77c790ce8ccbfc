package handshake

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"
)

// conn has a remote address only when it is asked for it in these turns, as gVisor's connections before and after they are
// established.
type conn struct {
	net.Conn
	from, to, asked int
}

var address = &net.TCPAddr{IP: net.IPv4(100, 64, 0, 1), Port: 4711}

func (c *conn) LocalAddr() net.Addr { return address }

func (c *conn) RemoteAddr() net.Addr {
	c.asked++
	if c.asked < c.from || c.asked > c.to {
		return nil
	}
	return address
}

func TestAddressesOfAConnectionThatIsResetJustThen(t *testing.T) {
	remote, local, err := Wait(context.Background(), &conn{from: 3, to: 3})
	if remote != address || local != address || err != nil {
		t.Fatalf("%v, %v, %v", remote, local, err)
	}
}

func TestNoAddressesInTime(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, _, err := Wait(ctx, &conn{from: 1}); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
}
