package main

import (
	"net/netip"

	"tailscale.com/ipn/ipnext"
	"tailscale.com/ipn/ipnlocal"
	"tailscale.com/tailcfg"
	"tailscale.com/types/logger"
)

// backend is Tailscale's own node. Asked for WhoIs directly, it answers in microseconds; over the LocalAPI, HTTP and JSON cost
// more than all else that admits a connection.
type backend interface {
	WhoIs(proto string, address netip.AddrPort) (tailcfg.NodeView, tailcfg.UserProfile, bool)
	PeerCaps(src netip.Addr) tailcfg.PeerCapMap
}

var _ backend = (*ipnlocal.LocalBackend)(nil)

// backendExtension is how a backend is had: tsnet keeps its own to itself, but shows it to extensions.
type backendExtension struct{}

const backendExtensionName = "tsnet-node"

func (backendExtension) Name() string           { return backendExtensionName }
func (backendExtension) Init(ipnext.Host) error { return nil }
func (backendExtension) Shutdown() error        { return nil }

// takeBackend makes the backend that a server is going to start with known to the node; call it before that.
func (n *node) takeBackend() {
	ipnext.RegisterExtension(backendExtensionName, func(_ logger.Logf, b ipnext.SafeBackend) (ipnext.Extension, error) {
		n.backend = b.(backend)
		return backendExtension{}, nil
	})
}
