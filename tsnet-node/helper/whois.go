package main

import (
	"context"
	"net/netip"
	"time"

	"tailscale.com/client/local"
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

func (n *node) whoIs(ctx context.Context, a whoIsArgs) (any, error) {
	_, client, err := n.running()
	if err != nil {
		return nil, err
	}
	ip, err := netip.ParseAddr(a.IP)
	if err != nil {
		return nil, codedError{"ERR_TSNET_PROTOCOL", err.Error()}
	}
	return ask(ctx, client, ip)
}

// ask names the peer by its address alone: with a port, WhoIs would also answer for local connections of this machine.
func ask(ctx context.Context, client *local.Client, ip netip.Addr) (answer, error) {
	a := answer{At: time.Now().UnixMilli()}
	who, err := client.WhoIs(ctx, ip.String())
	if err != nil {
		if code := codeOf(err); code != "ERR_TSNET" {
			return a, err
		}
		return a, codedError{"ERR_TSNET_WHOIS", err.Error()}
	}
	p, err := peer.From(who)
	if err != nil {
		return a, codedError{"ERR_TSNET_WHOIS", err.Error()}
	}
	a.Peer = &p
	return a, nil
}
