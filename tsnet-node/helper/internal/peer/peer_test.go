package peer

import (
	"encoding/json"
	"testing"

	"tailscale.com/client/tailscale/apitype"
	"tailscale.com/tailcfg"
)

func whoIs(change func(*apitype.WhoIsResponse)) *apitype.WhoIsResponse {
	who := &apitype.WhoIsResponse{
		Node:        &tailcfg.Node{StableID: "n1", Name: "laptop.example.ts.net.", User: 7},
		UserProfile: &tailcfg.UserProfile{ID: 7, LoginName: "alice@example.com", DisplayName: "Alice"},
		CapMap:      tailcfg.PeerCapMap{"example.com/cap": {`{"role":"view"}`}},
	}
	change(who)
	return who
}

func TestPersonIsNamedWithDeviceAndCapabilities(t *testing.T) {
	p, err := From(whoIs(func(*apitype.WhoIsResponse) {}))
	if err != nil {
		t.Fatal(err)
	}
	got, _ := json.Marshal(p)
	want := `{"node":{"id":"n1","name":"laptop.example.ts.net","tags":[]},` +
		`"user":{"id":7,"login":"alice@example.com","displayName":"Alice"},` +
		`"capMap":{"example.com/cap":[{"role":"view"}]}}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestNobodyIsNamedForTaggedDevice(t *testing.T) {
	p, err := From(whoIs(func(w *apitype.WhoIsResponse) { w.Node.Tags = []string{"tag:ci"}; w.CapMap = nil }))
	if err != nil {
		t.Fatal(err)
	}
	if p.User != nil {
		t.Errorf("tagged device belongs to %v", p.User)
	}
	if p.CapMap == nil {
		t.Error("no capabilities must be {}, not null")
	}
}

func TestAmbiguityIsRefused(t *testing.T) {
	for what, who := range map[string]*apitype.WhoIsResponse{
		"no answer":            nil,
		"no node":              whoIs(func(w *apitype.WhoIsResponse) { w.Node = nil }),
		"no node id":           whoIs(func(w *apitype.WhoIsResponse) { w.Node.StableID = "" }),
		"no user":              whoIs(func(w *apitype.WhoIsResponse) { w.UserProfile = nil }),
		"no login":             whoIs(func(w *apitype.WhoIsResponse) { w.UserProfile.LoginName = "" }),
		"no user id":           whoIs(func(w *apitype.WhoIsResponse) { w.UserProfile.ID, w.Node.User = 0, 0 }),
		"another node's user":  whoIs(func(w *apitype.WhoIsResponse) { w.UserProfile.ID = 8 }),
		"tagged without a tag": whoIs(func(w *apitype.WhoIsResponse) { w.UserProfile.LoginName = "tagged-devices" }),
		"id that would round":  whoIs(func(w *apitype.WhoIsResponse) { w.UserProfile.ID, w.Node.User = 1<<53, 1<<53 }),
		"id that is negative":  whoIs(func(w *apitype.WhoIsResponse) { w.UserProfile.ID, w.Node.User = -1, -1 }),
	} {
		if p, err := From(who); err == nil {
			t.Errorf("%s: taken for %+v", what, p)
		}
	}
}
