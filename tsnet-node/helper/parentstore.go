package main

import (
	"bytes"
	"sync"

	"tailscale.com/ipn"
)

// parentStore is an ipn.StateStore whose values the parent keeps: a value is read from it once, and a write returns only
// when the parent has it.
type parentStore struct {
	channel *channel

	mu     sync.Mutex              // also keeps writes in order
	known  map[ipn.StateKey][]byte // nil value: known to be absent
	failed error
	broken chan struct{} // closed at the first failure
}

var _ ipn.StateStore = (*parentStore)(nil)

func newParentStore(c *channel) *parentStore {
	return &parentStore{channel: c, known: map[ipn.StateKey][]byte{}, broken: make(chan struct{})}
}

func (s *parentStore) ReadState(id ipn.StateKey) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	value, known := s.known[id]
	if !known {
		var answer struct{ Value []byte }
		if err := s.channel.call("store.read", map[string]any{"key": id}, &answer); err != nil {
			return nil, s.fail(err)
		}
		if len(answer.Value) > 0 {
			value = answer.Value
		}
		s.known[id] = value
	}
	if value == nil {
		return nil, ipn.ErrStateNotExist
	}
	return bytes.Clone(value), nil
}

func (s *parentStore) WriteState(id ipn.StateKey, value []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(value) == 0 {
		value = nil
	}
	if old, known := s.known[id]; known && bytes.Equal(old, value) {
		return nil
	}
	if err := s.channel.call("store.write", map[string]any{"key": id, "value": value}, &struct{}{}); err != nil {
		delete(s.known, id) // whatever is there now
		return s.fail(err)
	}
	s.known[id] = bytes.Clone(value)
	return nil
}

// failure returns the first error of the parent's store.
func (s *parentStore) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

func (s *parentStore) fail(err error) error {
	coded := codedError{"ERR_TSNET_STATE_STORE", err.Error()}
	if s.failed == nil {
		s.failed = coded
		close(s.broken)
	}
	s.channel.event("storeFailed", asWireError(coded))
	return coded
}
