// Command testnet is an offline tailnet for tests, on loopback unless told otherwise: a control server, DERP and STUN, whose users, tags and
// grants change at run time over HTTP (admin.go).
//
// It prints {"controlUrl":"…","adminUrl":"…"} as its first line and ends at the end of its standard input.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"io"
	"log"
	"net"
	"net/http"
	"os"

	"tailscale.com/tailcfg"
	"tailscale.com/tstest/integration/testcontrol"
	"tailscale.com/types/logger"
)

func main() {
	authKey := flag.String("authkey", "", "key that every node must bring")
	requireLogin := flag.Bool("require-login", false, "give nodes a URL to open instead of letting them in")
	https := flag.Bool("https", true, "issue names for certificates")
	requireApproval := flag.Bool("require-approval", false, "let nodes wait until they are approved")
	domain := flag.String("domain", "tail-scale.ts.net", "MagicDNS domain")
	host := flag.String("host", "127.0.0.1", "IPv4 address at which nodes reach control server, DERP and STUN")
	verbose := flag.Bool("v", false, "log to standard error")
	flag.Parse()

	logf := logger.Discard
	if *verbose {
		logf = log.Printf
	}
	control, admin := listen(*host), listen("127.0.0.1")
	t := newTailnet()
	t.https = *https
	t.control = &testcontrol.Server{
		DERPMap:         runDERP(context.Background(), *host, logf),
		DNSConfig:       &tailcfg.DNSConfig{Proxied: true}, // MagicDNS
		MagicDNSDomain:  *domain,
		ExplicitBaseURL: "http://" + control.Addr().String(),
		Logf:            logf,
		AltMapStream:    t.mapStream,
		RequireAuthKey:  *authKey,
		RequireAuth:     *requireLogin,

		RequireMachineAuth: *requireApproval,
	}
	go http.Serve(control, t.control)
	go http.Serve(admin, t.adminHandler())

	json.NewEncoder(os.Stdout).Encode(map[string]string{
		"controlUrl": t.control.ExplicitBaseURL,
		"adminUrl":   "http://" + admin.Addr().String(),
	})
	io.Copy(io.Discard, os.Stdin)
}

func listen(host string) net.Listener {
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		log.Fatal(err)
	}
	return l
}
