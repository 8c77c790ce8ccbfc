package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"

	"tailscale.com/client/local"
)

type callerKey struct{}

// withCaller lets the handler ask who is at the other end: once for each connection, and not in the accept loop, which
// tsnet does not wait for.
func withCaller(ctx context.Context, client *local.Client, c net.Conn) context.Context {
	return context.WithValue(ctx, callerKey{}, sync.OnceValues(func() (string, error) {
		remote, err := netip.ParseAddrPort(c.RemoteAddr().String())
		if err != nil {
			return "", err
		}
		who, err := client.WhoIs(ctx, remote.Addr().String())
		if err != nil {
			return "", err
		}
		return who.UserProfile.LoginName, nil
	}))
}

func handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", greet)
	mux.HandleFunc("GET /anonymous", func(w http.ResponseWriter, r *http.Request) { text(w, "hello somebody\n") })
	mux.HandleFunc("GET /bytes/{count}", bytes)
	return mux
}

func greet(w http.ResponseWriter, r *http.Request) {
	login, err := r.Context().Value(callerKey{}).(func() (string, error))()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	text(w, "hello "+login+"\n")
}

func text(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "text/plain")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	io.WriteString(w, body)
}

// bytes answers that many, 64 KiB at a time.
func bytes(w http.ResponseWriter, r *http.Request) {
	left, err := strconv.ParseInt(r.PathValue("count"), 10, 64)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.FormatInt(left, 10))
	chunk := make([]byte, 64<<10)
	for left > 0 {
		n, err := w.Write(chunk[:min(left, int64(len(chunk)))])
		if err != nil {
			return
		}
		left -= int64(n)
	}
}
