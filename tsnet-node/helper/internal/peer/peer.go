// Package peer turns Tailscale's WhoIs into the identity that the parent decides by, and refuses what is ambiguous.
package peer

import (
	"errors"
	"fmt"
	"strings"

	"tailscale.com/client/tailscale/apitype"
	"tailscale.com/tailcfg"
)

// maxSafeInteger is the largest integer that JavaScript keeps exactly. A rounded user id would be another person's.
const maxSafeInteger = 1<<53 - 1

// Peer is a device of the tailnet, and the person it belongs to unless it is tagged.
type Peer struct {
	Node   Node               `json:"node"`
	User   *User              `json:"user,omitempty"`
	CapMap tailcfg.PeerCapMap `json:"capMap"`
}

type Node struct {
	ID   string   `json:"id"`
	Name string   `json:"name"`
	Tags []string `json:"tags"`
}

type User struct {
	ID          int64  `json:"id"`
	Login       string `json:"login"`
	DisplayName string `json:"displayName"`
}

// From reads a WhoIs answer. It fails rather than name the wrong person.
func From(who *apitype.WhoIsResponse) (Peer, error) {
	if who == nil || who.Node == nil || who.Node.StableID == "" {
		return Peer{}, errors.New("WhoIs names no node")
	}
	p := Peer{
		Node: Node{
			ID:   string(who.Node.StableID),
			Name: strings.TrimSuffix(who.Node.Name, "."),
			Tags: append([]string{}, who.Node.Tags...),
		},
		CapMap: who.CapMap,
	}
	if p.CapMap == nil {
		p.CapMap = tailcfg.PeerCapMap{}
	}
	if len(p.Node.Tags) > 0 {
		return p, nil // whatever user stands beside the tags is a placeholder
	}
	user, err := userOf(who)
	if err != nil {
		return Peer{}, err
	}
	p.User = user
	return p, nil
}

func userOf(who *apitype.WhoIsResponse) (*User, error) {
	profile := who.UserProfile
	switch {
	case profile == nil || profile.LoginName == "":
		return nil, errors.New("WhoIs names no user for an untagged node")
	case profile.LoginName == "tagged-devices":
		return nil, errors.New("WhoIs calls an untagged node a tagged device")
	case profile.ID != who.Node.User:
		return nil, errors.New("WhoIs names a user who does not own the node")
	case profile.ID <= 0 || profile.ID > maxSafeInteger:
		return nil, fmt.Errorf("user id %d is out of range", profile.ID)
	}
	return &User{ID: int64(profile.ID), Login: profile.LoginName, DisplayName: profile.DisplayName}, nil
}
