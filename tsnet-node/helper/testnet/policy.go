package main

import (
	"hash/fnv"
	"net/netip"
	"slices"
	"strings"

	"tailscale.com/net/tsaddr"
	"tailscale.com/tailcfg"
)

// policy is what the tailnet's administrators have decided.
type policy struct {
	Nodes  map[string]nodePolicy `json:"nodes"`  // by hostname, also of nodes that have not joined yet
	Grants map[string]grant      `json:"grants"` // by an id of the caller's choosing
}

type nodePolicy struct {
	Login       string   `json:"login"`
	DisplayName string   `json:"displayName"`
	Groups      []string `json:"groups,omitempty"`
	Tags        []string `json:"tags,omitempty"`  // a node with tags belongs to nobody
	Known       *bool    `json:"known,omitempty"` // false: its user's profile is left out, so WhoIs answers 404
}

type grant struct {
	Src []string           `json:"src"` // login, group:…, tag:…, host:…, *
	Dst []string           `json:"dst"`
	IP  bool               `json:"ip,omitempty"`
	App tailcfg.PeerCapMap `json:"app,omitempty"`
}

// openPolicy lets everybody reach everybody.
func openPolicy() policy {
	everybody := []string{"*"}
	return policy{
		Nodes:  map[string]nodePolicy{},
		Grants: map[string]grant{"default": {Src: everybody, Dst: everybody, IP: true}},
	}
}

// of returns what holds for a node: its entry, or an owner made of its hostname and the tags it asked for.
func (p policy) of(n *tailcfg.Node) nodePolicy {
	host := n.Hostinfo.Hostname()
	entry, ok := p.Nodes[host]
	if !ok {
		entry.Tags = n.Hostinfo.RequestTags().AsSlice()
	}
	if entry.Login == "" {
		entry.Login = host + "@example.com"
	}
	if entry.DisplayName == "" {
		entry.DisplayName, _, _ = strings.Cut(entry.Login, "@")
	}
	return entry
}

func (p policy) matches(n *tailcfg.Node, selector string) bool {
	entry := p.of(n)
	owned := len(entry.Tags) == 0
	switch {
	case selector == "*":
		return true
	case strings.HasPrefix(selector, "tag:"):
		return slices.Contains(entry.Tags, selector)
	case strings.HasPrefix(selector, "group:"):
		return owned && slices.Contains(entry.Groups, selector)
	case strings.HasPrefix(selector, "host:"):
		return n.Hostinfo.Hostname() == strings.TrimPrefix(selector, "host:")
	}
	return owned && entry.Login == selector
}

// filterFor returns the packet filter of one node: who may reach it, and with which capabilities.
func (p policy) filterFor(self *tailcfg.Node, all []*tailcfg.Node) []tailcfg.FilterRule {
	rules := []tailcfg.FilterRule{unreachable}
	for _, g := range p.Grants {
		if !slices.ContainsFunc(g.Dst, func(s string) bool { return p.matches(self, s) }) {
			continue
		}
		sources := p.sources(g, all)
		if len(sources) == 0 {
			continue
		}
		if g.IP {
			rules = append(rules, tailcfg.FilterRule{
				SrcIPs:   sources,
				DstPorts: []tailcfg.NetPortRange{{IP: "*", Ports: tailcfg.PortRangeAny}},
			})
		}
		if len(g.App) > 0 { // never in one rule with DstPorts
			rules = append(rules, tailcfg.FilterRule{
				SrcIPs:   sources,
				CapGrant: []tailcfg.CapGrant{{Dsts: []netip.Prefix{tsaddr.AllIPv4(), tsaddr.AllIPv6()}, CapMap: g.App}},
			})
		}
	}
	return rules
}

// unreachable keeps the filter from being empty, which would mean "as before" on the wire.
var unreachable = tailcfg.FilterRule{
	SrcIPs:   []string{"192.0.2.255"},
	DstPorts: []tailcfg.NetPortRange{{IP: "192.0.2.254", Ports: tailcfg.PortRange{First: 1, Last: 1}}},
}

func (p policy) sources(g grant, all []*tailcfg.Node) (ips []string) {
	for _, n := range all {
		if !slices.ContainsFunc(g.Src, func(s string) bool { return p.matches(n, s) }) {
			continue
		}
		for _, address := range n.Addresses {
			ips = append(ips, address.Addr().String())
		}
	}
	return ips
}

// taggedUser stands for the owner of nodes that nobody owns.
var taggedUser = tailcfg.UserProfile{ID: 2147455555, LoginName: "tagged-devices", DisplayName: "Tagged Devices"}

// userOf returns the same id for a login in every tailnet, one that JavaScript keeps exactly.
func userOf(entry nodePolicy) tailcfg.UserProfile {
	if len(entry.Tags) > 0 {
		return taggedUser
	}
	hash := fnv.New64a()
	hash.Write([]byte(entry.Login))
	return tailcfg.UserProfile{
		ID:          tailcfg.UserID(hash.Sum64()&(1<<52-1) + 1),
		LoginName:   entry.Login,
		DisplayName: entry.DisplayName,
		Groups:      entry.Groups,
	}
}
