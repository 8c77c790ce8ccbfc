package main

import "context"

// logout tells the control server to forget this node's key; the parent ends the process after it.
func (n *node) logout(ctx context.Context) error {
	_, client, err := n.running()
	if err != nil {
		return err
	}
	return client.Logout(ctx)
}
