package main

import (
	"maps"
	"slices"
	"sync"
	"time"

	"tailscale.com/tailcfg"
	"tailscale.com/tstest/integration/testcontrol"
	"tailscale.com/types/key"
)

// tailnet is the state that its nodes are told about.
type tailnet struct {
	control *testcontrol.Server
	https   bool // nodes may have certificates

	mu      sync.Mutex
	policy  policy
	streams map[key.NodePublic]int  // open map streams: an online node has one
	gone    map[key.NodePublic]bool // nodes that were taken out
	dated   map[key.NodePublic]bool // keys whose expiry was set
	offline map[string]bool         // hostnames that are said to be offline
	changed chan struct{}           // closed and replaced at every change
}

func newTailnet() *tailnet {
	return &tailnet{
		policy:  openPolicy(),
		streams: map[key.NodePublic]int{},
		gone:    map[key.NodePublic]bool{},
		dated:   map[key.NodePublic]bool{},
		offline: map[string]bool{},
		changed: make(chan struct{}),
	}
}

// change applies a change and tells every node.
func (t *tailnet) change(apply func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	apply()
	close(t.changed)
	t.changed = make(chan struct{})
}

// view is one moment of the tailnet.
type view struct {
	policy  policy
	streams map[key.NodePublic]int
	gone    map[key.NodePublic]bool
	offline map[string]bool
}

func (t *tailnet) view() (view, <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return view{
		policy:  policy{Nodes: maps.Clone(t.policy.Nodes), Grants: maps.Clone(t.policy.Grants)},
		streams: maps.Clone(t.streams),
		gone:    maps.Clone(t.gone),
		offline: maps.Clone(t.offline),
	}, t.changed
}

func (v view) online(n *tailcfg.Node) bool {
	return v.streams[n.Key] > 0 && !v.offline[n.Hostinfo.Hostname()]
}

// present drops nodes that were taken out and those whose hostname was taken over while they were away.
func (v view) present(nodes []*tailcfg.Node) []*tailcfg.Node {
	connected := map[string]bool{}
	for _, n := range nodes {
		if v.streams[n.Key] > 0 {
			connected[n.Hostinfo.Hostname()] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(nodes), func(n *tailcfg.Node) bool {
		return v.gone[n.Key] || v.streams[n.Key] == 0 && connected[n.Hostinfo.Hostname()]
	})
}

// named returns the nodes of the tailnet with this hostname.
func (t *tailnet) named(hostname string) []*tailcfg.Node {
	v, _ := t.view()
	return slices.DeleteFunc(v.present(t.control.AllNodes()), func(n *tailcfg.Node) bool {
		return n.Hostinfo.Hostname() != hostname
	})
}

func (t *tailnet) expire(n *tailcfg.Node, at time.Time) {
	n.KeyExpiry = at
	t.dated[n.Key] = true
	t.control.UpdateNode(n)
}

// renew takes the expiry off a key that a node has logged in with anew: testcontrol hands its old key's on.
func (t *tailnet) renew(k key.NodePublic) {
	n := t.control.Node(k)
	if n == nil || n.KeyExpiry.IsZero() || t.dated[k] {
		return
	}
	n.KeyExpiry = time.Time{}
	t.control.UpdateNode(n)
}
