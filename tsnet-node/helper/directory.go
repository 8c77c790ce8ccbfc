package main

import (
	"context"
	"net/netip"
	"sync"

	"tailscale.com/client/local"
	"tailscale.com/tailcfg"
)

type whoIsNodeArgs struct {
	ID string `json:"id"`
}

// nodeAnswer is what the tailnet says about a node, and its address.
type nodeAnswer struct {
	answer
	IP netip.Addr `json:"ip"`
}

// whoIsNode asks WhoIs at the address that the node has, so that its capabilities are those of a connection from it.
func (n *node) whoIsNode(ctx context.Context, a whoIsNodeArgs) (any, error) {
	_, client, err := n.running()
	if err != nil {
		return nil, err
	}
	id := tailcfg.StableNodeID(a.ID)
	ip, err := n.directory.find(ctx, client, id, netip.Addr{})
	if err != nil {
		return nil, err
	}
	found, err := n.askNode(id, ip)
	if codeOf(err) != "ERR_TSNET_PEER_NOT_FOUND" {
		return found, err
	}
	if ip, err = n.directory.find(ctx, client, id, ip); err != nil {
		return nil, err
	}
	return n.askNode(id, ip)
}

func (n *node) askNode(id tailcfg.StableNodeID, ip netip.Addr) (nodeAnswer, error) {
	who, err := n.ask(ip)
	if err == nil && who.Peer.Node.ID != string(id) {
		err = local.ErrPeerNotFound
	}
	return nodeAnswer{who, ip}, err
}

// directory remembers at which address each node was last: to look through all of them is dear in a large tailnet.
type directory struct {
	mu        sync.Mutex
	addresses map[tailcfg.StableNodeID]netip.Addr
}

// find returns the first address of a node; it looks through the tailnet unless it remembers one other than the stale.
func (d *directory) find(ctx context.Context, client *local.Client, id tailcfg.StableNodeID, stale netip.Addr) (netip.Addr, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if ip, ok := d.addresses[id]; ok && ip != stale {
		return ip, nil
	}
	st, err := client.Status(ctx)
	if err != nil {
		return netip.Addr{}, err
	}
	d.addresses = map[tailcfg.StableNodeID]netip.Addr{}
	for _, peer := range st.Peer {
		if len(peer.TailscaleIPs) > 0 {
			d.addresses[peer.ID] = peer.TailscaleIPs[0]
		}
	}
	if ip, ok := d.addresses[id]; ok {
		return ip, nil
	}
	return netip.Addr{}, local.ErrPeerNotFound
}
