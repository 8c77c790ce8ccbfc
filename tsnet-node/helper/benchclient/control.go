package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"time"

	"tailscale.com/tailcfg"
	"tailscale.com/tsnet"
)

func control(node *tsnet.Server) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /reach", answering(func(ctx context.Context, a reachArgs) (any, error) {
		return struct{}{}, reach(ctx, node, a)
	}))
	mux.HandleFunc("POST /load", answering(func(ctx context.Context, a loadArgs) (any, error) {
		return load(ctx, node.Dial, a)
	}))
	mux.HandleFunc("POST /download", answering(func(ctx context.Context, a downloadArgs) (any, error) {
		return download(ctx, node.Dial, a)
	}))
	return mux
}

func answering[A any](do func(context.Context, A) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var args A
		decoder := json.NewDecoder(r.Body)
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&args); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		result, err := do(r.Context(), args)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		json.NewEncoder(w).Encode(result)
	}
}

type reachArgs struct {
	Address string `json:"address"`
}

// reach waits until packets go straight to the node: a first connection is relayed until a direct path is found.
func reach(ctx context.Context, node *tsnet.Server, a reachArgs) error {
	ip, err := netip.ParseAddr(a.Address)
	if err != nil {
		return err
	}
	client, err := node.LocalClient()
	if err != nil {
		return err
	}
	for {
		pong, err := client.Ping(ctx, ip, tailcfg.PingDisco)
		if ctx.Err() != nil {
			return errors.Join(ctx.Err(), err)
		}
		if err == nil && pong.Endpoint != "" {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
}

type downloadArgs struct {
	Address string `json:"address"`
	Path    string `json:"path"`
}

type downloadResult struct {
	Bytes   int64   `json:"bytes"`
	Seconds float64 `json:"seconds"`
}

func download(ctx context.Context, dial dialFunc, a downloadArgs) (downloadResult, error) {
	began := time.Now()
	c, err := open(ctx, dial, a.Address, a.Path)
	if err != nil {
		return downloadResult{}, err
	}
	defer c.Close()
	body, err := c.begin()
	if err != nil {
		return downloadResult{}, err
	}
	n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{body}, make([]byte, 64<<10))
	if err == nil && body.N > 0 {
		err = io.ErrUnexpectedEOF
	}
	return downloadResult{n, time.Since(began).Seconds()}, err
}
