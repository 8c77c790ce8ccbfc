package main

import (
	"context"
	"strings"
)

type statusResult struct {
	State          string   `json:"state"`
	ID             string   `json:"id"`
	Name           string   `json:"name"`
	IPs            []string `json:"ips"`
	CertDomains    []string `json:"certDomains"`
	MagicDNSSuffix string   `json:"magicDnsSuffix"`
	Health         []string `json:"health"`
	KeyExpiresAt   int64    `json:"keyExpiresAt,omitempty"` // milliseconds since the epoch; 0 for never
	UDPPort        uint16   `json:"udpPort"`                // to come back on after a crash
}

func (n *node) status(ctx context.Context) (any, error) {
	server, client, err := n.running()
	if err != nil {
		return nil, err
	}
	st, err := client.StatusWithoutPeers(ctx)
	if err != nil {
		return nil, err
	}
	result := statusResult{
		State:       st.BackendState,
		IPs:         []string{},
		CertDomains: append([]string{}, st.CertDomains...),
		Health:      []string{},
		UDPPort:     server.Sys().MagicSock.Get().LocalPort(),
	}
	for _, ip := range st.TailscaleIPs {
		result.IPs = append(result.IPs, ip.String())
	}
	for _, warning := range st.Health {
		result.Health = append(result.Health, n.redact(warning))
	}
	if st.Self != nil {
		result.ID = string(st.Self.ID)
		result.Name = strings.TrimSuffix(st.Self.DNSName, ".")
		if expiry := st.Self.KeyExpiry; expiry != nil {
			result.KeyExpiresAt = expiryOf(*expiry)
		}
	}
	if st.CurrentTailnet != nil {
		result.MagicDNSSuffix = st.CurrentTailnet.MagicDNSSuffix
	}
	return result, nil
}
