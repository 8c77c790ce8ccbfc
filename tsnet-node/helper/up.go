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
	watching, stop := context.WithCancel(ctx)
	defer stop()
	if n.store != nil {
		if err := n.store.retry(); err != nil {
			return nil, err
		}
		failing := n.store.failing()
		go func() {
			select {
			case <-failing:
				stop()
			case <-watching.Done():
			}
		}()
	}
	bus, err := client.WatchIPNBus(watching, ipn.NotifyInitialState)
	if err != nil {
		return nil, n.whyNot(ctx, err)
	}
	defer bus.Close()
	for {
		notice, err := bus.Next()
		if err != nil {
			return nil, n.whyNot(ctx, err)
		}
		if notice.ErrMessage != nil {
			return nil, codedError{"ERR_TSNET_AUTH", "the control server refused this node: " + n.redact(*notice.ErrMessage)}
		}
		login := loginNeededBy(watching, client, notice)
		if login.expired {
			if err := client.StartLoginInteractive(watching); err != nil { // with the auth key, or a URL comes
				return nil, n.whyNot(ctx, err)
			}
		}
		if login.url != "" && !n.args.Interactive {
			return nil, codedError{"ERR_TSNET_NEEDS_LOGIN", "this node is not logged in: give an auth key, or set `interactive` and open the URL of the `authUrl` event"}
		}
		if notice.State == nil {
			continue
		}
		switch {
		case *notice.State == ipn.NeedsMachineAuth && !n.args.Interactive:
			return nil, codedError{"ERR_TSNET_NEEDS_APPROVAL", "an administrator of the tailnet has to approve this node: give a key that is preauthorized, or call `up` again once it is approved"}
		case *notice.State == ipn.Running:
			if err := n.whyNot(ctx, nil); err != nil {
				return nil, err
			}
			return n.status(ctx)
		}
	}
}

// whyNot returns the reason that says most why the node is not up: the store's failure, an abort, or else err.
func (n *node) whyNot(ctx context.Context, err error) error {
	if n.store != nil && n.store.failure() != nil {
		return n.store.failure()
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}
