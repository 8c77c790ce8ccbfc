package main

import (
	"bufio"
	"encoding/json"
	"net"
	"sync/atomic"
	"testing"

	"tailscale.com/ipn"
)

// trialStore is a parent whose store answers, or is away.
type trialStore struct {
	away  atomic.Bool
	saved map[string]string
}

func startParent(t *testing.T) (*trialStore, *parentStore) {
	ours, theirs := net.Pipe()
	t.Cleanup(func() { ours.Close() })
	p := &trialStore{saved: map[string]string{}}
	c := newChannel(ours)
	go c.serve(nil)
	go p.answer(theirs)
	return p, newParentStore(c)
}

func (p *trialStore) answer(conn net.Conn) {
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		var m message
		if json.Unmarshal(lines.Bytes(), &m) != nil || m.Call == 0 {
			continue
		}
		var args struct {
			Key   string
			Value []byte
		}
		json.Unmarshal(m.Args, &args)
		answer := message{Call: m.Call, Result: json.RawMessage("{}")}
		switch {
		case p.away.Load():
			answer.Result, answer.Error = nil, &wireError{Code: "AWAY", Message: "the store is away"}
		case m.Op == "store.write":
			p.saved[args.Key] = string(args.Value)
		default:
			answer.Result = marshal(map[string]any{"value": []byte(p.saved[args.Key])})
		}
		conn.Write(append(marshal(answer), '\n'))
	}
}

// As Tailscale writes: it reads first.
func write(s *parentStore, value string) error { return ipn.WriteState(s, "key", []byte(value)) }

func expectSaved(t *testing.T, p *trialStore, s *parentStore, value string) {
	t.Helper()
	if err := s.retry(); err != nil {
		t.Fatalf("retry: %v", err)
	}
	if got := p.saved["key"]; got != value {
		t.Errorf("%q is saved, want %q", got, value)
	}
}

func TestWritesOfAnOutageAreMadeAfterIt(t *testing.T) {
	p, s := startParent(t)
	if err := write(s, "old"); err != nil {
		t.Fatal(err)
	}
	p.away.Store(true)
	for _, value := range []string{"new", "newer"} {
		if write(s, value) == nil {
			t.Errorf("%s was written", value)
		}
	}
	p.away.Store(false)
	expectSaved(t, p, s, "newer")
}

func TestAWriteThatIsTakenBackIsNotMadeLater(t *testing.T) {
	p, s := startParent(t)
	if err := write(s, "old"); err != nil {
		t.Fatal(err)
	}
	p.away.Store(true)
	write(s, "new")
	p.away.Store(false)
	if err := write(s, "old"); err != nil {
		t.Fatal(err)
	}
	expectSaved(t, p, s, "old")
}

func TestAReadThatFailedIsFinal(t *testing.T) {
	p, s := startParent(t)
	p.away.Store(true)
	if _, err := s.ReadState("key"); err == nil {
		t.Fatal("it was read")
	}
	p.away.Store(false)
	if s.retry() == nil {
		t.Error("what was not read counts as absent")
	}
}
