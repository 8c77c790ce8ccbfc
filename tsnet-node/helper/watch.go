package main

import (
	"context"
	"maps"
	"slices"
	"time"

	"tailscale.com/client/local"
	"tailscale.com/ipn"
)

type stateEvent struct {
	State string `json:"state"`
}

type authURLEvent struct {
	URL string `json:"url"`
}

type healthEvent struct {
	Warnings []string `json:"warnings"`
}

type keyExpiryEvent struct {
	ExpiresAt int64 `json:"expiresAt,omitempty"` // milliseconds since the epoch; 0 for never
}

// watcher reports what happens to the node, and nothing twice.
type watcher struct {
	node   *node
	client *local.Client
	url    string
	expiry keyExpiryEvent
}

// watch reports what happens to the node until ctx ends.
func (n *node) watch(ctx context.Context, client *local.Client) {
	w := &watcher{node: n, client: client, expiry: keyExpiryEvent{-1}}
	for ctx.Err() == nil {
		w.watchOnce(ctx)
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

func (w *watcher) watchOnce(ctx context.Context) {
	bus, err := w.client.WatchIPNBus(ctx, ipn.NotifyInitialState|ipn.NotifyInitialHealthState)
	if err != nil {
		return
	}
	defer bus.Close()
	for {
		notice, err := bus.Next()
		if err != nil {
			return
		}
		w.report(ctx, notice)
	}
}

func (w *watcher) report(ctx context.Context, notice ipn.Notify) {
	channel := w.node.channel
	if notice.State != nil {
		channel.event("state", stateEvent{notice.State.String()})
		if *notice.State == ipn.Running {
			w.askExpiry(ctx)
		}
	}
	if login := loginNeededBy(ctx, w.client, notice); login.url != "" && login.url != w.url {
		w.url = login.url
		channel.event("authUrl", authURLEvent{login.url})
	}
	if notice.SelfChange != nil {
		w.reportExpiry(notice.SelfChange.KeyExpiry)
	}
	if notice.Health != nil {
		warnings := []string{}
		for _, code := range slices.Sorted(maps.Keys(notice.Health.Warnings)) {
			warnings = append(warnings, w.node.redact(notice.Health.Warnings[code].Text))
		}
		channel.event("health", healthEvent{warnings})
	}
}

// askExpiry catches up with a change that came while nobody watched.
func (w *watcher) askExpiry(ctx context.Context) {
	st, err := w.client.StatusWithoutPeers(ctx)
	switch {
	case err != nil || st.Self == nil:
	case st.Self.KeyExpiry == nil:
		w.reportExpiry(time.Time{})
	default:
		w.reportExpiry(*st.Self.KeyExpiry)
	}
}

func (w *watcher) reportExpiry(at time.Time) {
	if now := (keyExpiryEvent{expiryOf(at)}); now != w.expiry {
		w.expiry = now
		w.node.channel.event("keyExpiry", now)
	}
}

// expiryOf returns milliseconds since the epoch, in whole seconds as the status has it, or 0 for a key that never expires.
func expiryOf(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return at.Round(time.Second).UnixMilli()
}
