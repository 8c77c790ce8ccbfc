package limit

import (
	"net/netip"
	"testing"
)

func TestLimit(t *testing.T) {
	peer := func(last byte) netip.Addr { return netip.AddrFrom4([4]byte{100, 64, 0, last}) }
	l := New(8)
	enter := func(p netip.Addr, want bool, when string) {
		t.Helper()
		if l.Enter(p) != want {
			t.Errorf("%s: let in is not %v", when, want)
		}
	}
	enter(peer(1), true, "the first")
	enter(peer(1), true, "a quarter")
	enter(peer(1), false, "more than a quarter")
	enter(peer(2), true, "another peer")
	l.Leave(peer(1))
	enter(peer(1), true, "after one has left")
	for last := byte(3); last < 8; last++ {
		enter(peer(last), true, "until all are taken")
	}
	enter(peer(9), false, "more than all")
	for last := byte(2); last < 8; last++ {
		l.Leave(peer(last))
	}
	enter(peer(9), true, "after some have left")
	if len(l.of) != 2 {
		t.Errorf("%d peers are remembered, of two that have a connection", len(l.of))
	}
}
