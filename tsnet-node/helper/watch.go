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

// watch reports what happens to the node until ctx ends.
func (n *node) watch(ctx context.Context, client *local.Client) {
	for ctx.Err() == nil {
		n.watchOnce(ctx, client)
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

func (n *node) watchOnce(ctx context.Context, client *local.Client) {
	bus, err := client.WatchIPNBus(ctx, ipn.NotifyInitialState|ipn.NotifyInitialHealthState)
	if err != nil {
		return
	}
	defer bus.Close()
	for {
		notice, err := bus.Next()
		if err != nil {
			return
		}
		if notice.State != nil {
			n.channel.event("state", stateEvent{notice.State.String()})
		}
		if url := notice.BrowseToURL; url != nil && *url != "" {
			n.channel.event("authUrl", authURLEvent{*url})
		}
		if notice.Health != nil {
			warnings := []string{}
			for _, code := range slices.Sorted(maps.Keys(notice.Health.Warnings)) {
				warnings = append(warnings, n.redact(notice.Health.Warnings[code].Text))
			}
			n.channel.event("health", healthEvent{warnings})
		}
	}
}
