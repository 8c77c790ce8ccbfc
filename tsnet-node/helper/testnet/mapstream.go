package main

import (
	"context"
	"time"

	"tailscale.com/tailcfg"
	"tailscale.com/tstest/integration/testcontrol"
)

// mapStream tells one node about its tailnet, again after every change. It takes the place of testcontrol's own stream,
// whose hooks reach only the first answer.
func (t *tailnet) mapStream(ctx context.Context, w testcontrol.MapStreamWriter, req *tailcfg.MapRequest) {
	if !req.Stream {
		t.takeUpdate(req)
		w.SendMapMessage(&tailcfg.MapResponse{})
		return
	}
	t.change(func() {
		t.renew(req.NodeKey)
		t.streams[req.NodeKey]++
	})
	defer t.change(func() { t.streams[req.NodeKey]-- })
	for {
		v, changed := t.view()
		answer, err := t.control.MapResponse(req)
		if err != nil || answer == nil {
			return
		}
		v.apply(answer)
		if !t.https {
			answer.DNSConfig.CertDomains = nil
		}
		if w.SendMapMessage(answer) != nil || !keepAlive(ctx, w, changed) {
			return
		}
	}
}

// keepAlive waits for a change; it returns false when the stream is over.
func keepAlive(ctx context.Context, w testcontrol.MapStreamWriter, changed <-chan struct{}) bool {
	for {
		select {
		case <-ctx.Done():
			return false
		case <-changed:
			return true
		case <-time.After(50 * time.Second):
			if w.SendMapMessage(&tailcfg.MapResponse{KeepAlive: true}) != nil {
				return false
			}
		}
	}
}

// takeUpdate stores what a node says about itself between its polls.
func (t *tailnet) takeUpdate(req *tailcfg.MapRequest) {
	n := t.control.Node(req.NodeKey)
	if n == nil || req.ReadOnly {
		return
	}
	n.Endpoints, n.DiscoKey, n.Cap = req.Endpoints, req.DiscoKey, req.Version
	if req.Hostinfo != nil {
		n.Hostinfo = req.Hostinfo.View()
		if net := req.Hostinfo.NetInfo; net != nil && net.PreferredDERP != 0 {
			n.HomeDERP = net.PreferredDERP
		}
	}
	t.change(func() { t.control.UpdateNode(n) })
}

// apply rewrites testcontrol's answer by the policy.
func (v view) apply(answer *tailcfg.MapResponse) {
	self := answer.Node
	if v.gone[self.Key] {
		self.KeyExpiry = time.Now().Add(-time.Minute)
	}
	everybody := v.present(append([]*tailcfg.Node{self}, answer.Peers...))
	answer.Peers = nil
	profiles := map[tailcfg.UserID]tailcfg.UserProfile{}
	for _, n := range everybody {
		entry := v.policy.of(n)
		user := userOf(entry)
		n.Tags, n.User = entry.Tags, user.ID
		online := v.online(n)
		n.Online = &online
		if entry.Known == nil || *entry.Known {
			profiles[user.ID] = user
		}
		if n != self {
			answer.Peers = append(answer.Peers, n)
		}
	}
	answer.UserProfiles = nil
	for _, profile := range profiles {
		answer.UserProfiles = append(answer.UserProfiles, profile)
	}
	answer.PacketFilter = v.policy.filterFor(self, everybody)
	now := time.Now()
	answer.ControlTime = &now // key expiry is judged by it
}
