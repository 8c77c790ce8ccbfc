package main

import (
	"context"
	"strings"
)

type certArgs struct {
	Domain string `json:"domain"`
}

type certResult struct {
	Cert string `json:"cert"` // PEM, leaf first
	Key  string `json:"key"`  // PEM
}

// cert returns the tailnet's certificate for a name of this node; without one in the cache it is ordered, which takes a while.
func (n *node) cert(ctx context.Context, a certArgs) (any, error) {
	_, client, err := n.running()
	if err != nil {
		return nil, err
	}
	if a.Domain == "" || strings.ContainsAny(a.Domain, "/?#%& ") {
		return nil, codedError{"ERR_TSNET_CERT", "not a domain name: " + a.Domain}
	}
	cert, key, err := client.CertPair(ctx, a.Domain)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, codedError{"ERR_TSNET_CERT", "no certificate for " + a.Domain + ": " + n.redact(err.Error())}
	}
	return certResult{Cert: string(cert), Key: string(key)}, nil
}
