package main

import (
	"net/netip"
	"time"

	"tailscale.com/client/local"
	"tailscale.com/client/tailscale/apitype"
	"tsnet-node/helper/internal/peer"
)

type whoIsArgs struct {
	IP string `json:"ip"`
}

// answer is what the tailnet says about an address, and when it was asked.
type answer struct {
	At   int64      `json:"at"` // milliseconds since the epoch, before the question
	Peer *peer.Peer `json:"peer,omitempty"`
}

func (n *node) whoIs(a whoIsArgs) (any, error) {
	if _, _, err := n.running(); err != nil {
		return nil, err
	}
	ip, err := netip.ParseAddr(a.IP)
	if err != nil {
		return nil, codedError{"ERR_TSNET_PROTOCOL", err.Error()}
	}
	return n.ask(ip)
}

// ask names the peer by its address alone: with a port, WhoIs would also answer for local connections of this machine.
func (n *node) ask(ip netip.Addr) (answer, error) {
	a := answer{At: time.Now().UnixMilli()}
	device, user, ok := n.backend.WhoIs("", netip.AddrPortFrom(ip, 0))
	if !ok {
		return a, local.ErrPeerNotFound
	}
	who := apitype.WhoIsResponse{Node: device.AsStruct(), UserProfile: &user}
	if device.Addresses().Len() > 0 {
		who.CapMap = n.backend.PeerCaps(device.Addresses().At(0).Addr())
	}
	p, err := peer.From(&who)
	if err != nil {
		return a, codedError{"ERR_TSNET_WHOIS", err.Error()}
	}
	a.Peer = &p
	return a, nil
}
