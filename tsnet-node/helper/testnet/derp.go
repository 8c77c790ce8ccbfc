package main

import (
	"context"
	"crypto/tls"
	"log"
	"net"
	"net/http"
	"net/http/httptest"

	"tailscale.com/derp/derpserver"
	"tailscale.com/net/stunserver"
	"tailscale.com/tailcfg"
	"tailscale.com/types/key"
	"tailscale.com/types/logger"
)

// runDERP starts a relay and a STUN server at that address; no node reaches Running without them.
func runDERP(ctx context.Context, host string, logf logger.Logf) *tailcfg.DERPMap {
	relay := httptest.NewUnstartedServer(derpserver.Handler(derpserver.New(key.NewNode(), logf)))
	relay.Config.ErrorLog = logger.StdLogger(logf)
	relay.Config.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){} // DERP upgrades HTTP/1
	relay.Listener.Close()
	relay.Listener = listen(host)
	relay.StartTLS()

	stun := stunserver.New(ctx)
	if err := stun.Listen(net.JoinHostPort(host, "0")); err != nil {
		log.Fatal(err)
	}
	go stun.Serve()

	return &tailcfg.DERPMap{OmitDefaultRegions: true, Regions: map[int]*tailcfg.DERPRegion{1: {
		RegionID:   1,
		RegionCode: "test",
		Nodes: []*tailcfg.DERPNode{{
			Name:             "test1",
			RegionID:         1,
			HostName:         host,
			IPv4:             host,
			IPv6:             "none",
			STUNPort:         stun.LocalAddr().(*net.UDPAddr).Port,
			STUNTestIP:       host,
			DERPPort:         relay.Listener.Addr().(*net.TCPAddr).Port,
			InsecureForTests: true,
		}},
	}}}
}
