package main

import (
	"net/netip"
	"sync"
	"time"
)

// tellDropsEvery keeps a peer that is turned away again and again from flooding the parent.
const tellDropsEvery = 10 * time.Second

type dropEvent struct {
	Count         int    `json:"count"`         // since the last such event
	RemoteAddress string `json:"remoteAddress"` // whose the last one was
}

// drops adds up connections that were turned away, and tells the parent of the first at once and of the others now and then.
type drops struct {
	channel *channel

	mu    sync.Mutex
	count int
	last  netip.Addr
	quiet bool
}

func (d *drops) add(peer netip.Addr) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.count++
	d.last = peer
	if !d.quiet {
		d.tell()
	}
}

func (d *drops) tell() {
	d.channel.event("drop", dropEvent{d.count, d.last.String()})
	d.count, d.quiet = 0, true
	time.AfterFunc(tellDropsEvery, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.quiet = false
		if d.count > 0 {
			d.tell()
		}
	})
}
