// Package limit bounds how many connections are open at once.
package limit

import (
	"net/netip"
	"sync"
)

// Limit counts what is open, in all and of each address, of which one can have a quarter: nobody shuts the others out alone, since a
// peer has two.
type Limit struct {
	most, mostOfOne int

	mu   sync.Mutex
	open int
	of   map[netip.Addr]int
}

// New makes a limit that lets so many be open in all.
func New(most int) *Limit {
	return &Limit{most: most, mostOfOne: max(most/4, 1), of: map[netip.Addr]int{}}
}

// Enter counts one more of this peer's, or returns false where that would be too many.
func (l *Limit) Enter(peer netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open == l.most || l.of[peer] == l.mostOfOne {
		return false
	}
	l.open++
	l.of[peer]++
	return true
}

// Leave counts one off that has entered.
func (l *Limit) Leave(peer netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open--
	l.of[peer]--
	if l.of[peer] == 0 {
		delete(l.of, peer)
	}
}
