package main

import (
	"context"
	"time"

	"tailscale.com/client/local"
	"tailscale.com/ipn"
)

// loginNeeded is what a node lacks that is not logged in.
type loginNeeded struct {
	url     string // a person is to open it; empty for none
	expired bool   // the node has a key whose time is over, and nobody has asked for another yet
}

// loginNeededBy reads it from a notice. A URL that came before the state NeedsLogin is told to those alone who were there
// already; the others find it in the status.
func loginNeededBy(ctx context.Context, client *local.Client, notice ipn.Notify) loginNeeded {
	if url := notice.BrowseToURL; url != nil && *url != "" {
		return loginNeeded{url: *url}
	}
	if notice.State == nil || *notice.State != ipn.NeedsLogin {
		return loginNeeded{}
	}
	st, err := client.StatusWithoutPeers(ctx)
	if err != nil {
		return loginNeeded{}
	}
	if st.AuthURL != "" || st.Self == nil || st.Self.KeyExpiry == nil {
		return loginNeeded{url: st.AuthURL}
	}
	return loginNeeded{expired: st.Self.KeyExpiry.Before(time.Now().Add(time.Second))} // the status rounds it
}
