package main

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// loadArgs asks for so many connections at once, each sending its next request when the last one is answered.
type loadArgs struct {
	Address     string  `json:"address"`
	Path        string  `json:"path"`
	Connections int     `json:"connections"`
	KeepAlive   bool    `json:"keepAlive"` // false: each request has a connection of its own, which its latency includes
	WarmUp      float64 `json:"warmUp"`    // seconds before anything counts
	Seconds     float64 `json:"seconds"`
}

type loadResult struct {
	Requests int     `json:"requests"`
	Seconds  float64 `json:"seconds"`
	P50      float64 `json:"p50"` // milliseconds
	P99      float64 `json:"p99"`
	Max      float64 `json:"max"`
}

// load counts the requests that were answered within the window, and fails if any request fails.
func load(ctx context.Context, dial dialFunc, a loadArgs) (loadResult, error) {
	if a.Connections < 1 || a.Seconds <= 0 {
		return loadResult{}, errors.New("connections and seconds must be more than nothing")
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	askers, closeAll, err := openAskers(ctx, dial, a)
	defer closeAll()
	if err != nil {
		return loadResult{}, err
	}
	begin := time.Now().Add(seconds(a.WarmUp))
	end := begin.Add(seconds(a.Seconds))
	latencies := make([][]time.Duration, len(askers))
	failures := make([]error, len(askers))
	var all sync.WaitGroup
	for i, ask := range askers {
		all.Go(func() {
			latencies[i], failures[i] = askUntil(ask, begin, end)
			if failures[i] != nil {
				cancel()
			}
		})
	}
	all.Wait()
	if err := errors.Join(failures...); err != nil {
		return loadResult{}, err
	}
	return summarise(slices.Concat(latencies...), a.Seconds)
}

// openAskers prepares one function for each connection. Connections that are kept have answered once already.
func openAskers(ctx context.Context, dial dialFunc, a loadArgs) (askers []func() error, closeAll func(), err error) {
	var kept []*conn
	closeAll = func() {
		for _, c := range kept {
			c.Close()
		}
	}
	for range a.Connections {
		if !a.KeepAlive {
			askers = append(askers, func() error { return askOnce(ctx, dial, a) })
			continue
		}
		c, err := open(ctx, dial, a.Address, a.Path)
		if err != nil {
			return nil, closeAll, err
		}
		kept = append(kept, c)
		if err := c.ask(); err != nil {
			return nil, closeAll, err
		}
		askers = append(askers, c.ask)
	}
	return askers, closeAll, nil
}

func askOnce(ctx context.Context, dial dialFunc, a loadArgs) error {
	c, err := open(ctx, dial, a.Address, a.Path)
	if err != nil {
		return err
	}
	defer c.Close()
	return c.ask()
}

func askUntil(ask func() error, begin, end time.Time) (latencies []time.Duration, err error) {
	for before := time.Now(); before.Before(end); {
		if err := ask(); err != nil {
			return nil, err
		}
		after := time.Now()
		if before.After(begin) && after.Before(end) {
			latencies = append(latencies, after.Sub(before))
		}
		before = after
	}
	return latencies, nil
}

func summarise(latencies []time.Duration, seconds float64) (loadResult, error) {
	if len(latencies) == 0 {
		return loadResult{}, errors.New("nothing was answered")
	}
	slices.Sort(latencies)
	rank := func(share float64) float64 {
		i := min(int(share*float64(len(latencies))), len(latencies)-1)
		return float64(latencies[i].Microseconds()) / 1000
	}
	return loadResult{len(latencies), seconds, rank(0.5), rank(0.99), rank(1)}, nil
}

func seconds(s float64) time.Duration {
	return time.Duration(s * float64(time.Second))
}
