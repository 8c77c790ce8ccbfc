package main

import (
	"context"

	"tailscale.com/ipn"
)

// up waits until traffic flows. NeedsLogin is passed through even with a good key, so only what the control server says
// (a refusal, or a URL that nobody is there to open) ends the wait early.
func (n *node) up(ctx context.Context) (any, error) {
	_, client, err := n.running()
	if err != nil {
		return nil, err
	}
	bus, err := client.WatchIPNBus(ctx, ipn.NotifyInitialState)
	if err != nil {
		return nil, err
	}
	defer bus.Close()
	for {
		notice, err := bus.Next()
		if n.store != nil && n.store.failure() != nil {
			return nil, n.store.failure()
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		if notice.ErrMessage != nil {
			return nil, codedError{"ERR_TSNET_AUTH", "the control server refused this node: " + n.redact(*notice.ErrMessage)}
		}
		if url := notice.BrowseToURL; url != nil && *url != "" && !n.args.Interactive {
			return nil, codedError{"ERR_TSNET_NEEDS_LOGIN", "this node is not logged in: give an auth key, or set `interactive` and open the URL of the `authUrl` event"}
		}
		if notice.State != nil && *notice.State == ipn.Running {
			return n.status(ctx)
		}
	}
}
