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

	mu      sync.Mutex              // also keeps writes in order
	known   map[ipn.StateKey][]byte // nil value: known to be absent
	unsaved map[ipn.StateKey][]byte // what the parent has not taken yet
	misread bool                    // what came after a read that failed rests on nothing
	failed  error
	broken  chan struct{} // closed at the first failure
}

var _ ipn.StateStore = (*parentStore)(nil)

func newParentStore(c *channel) *parentStore {
	return &parentStore{
		channel: c,
		known:   map[ipn.StateKey][]byte{},
		unsaved: map[ipn.StateKey][]byte{},
		broken:  make(chan struct{}),
	}
}

func (s *parentStore) ReadState(id ipn.StateKey) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	value, known := s.known[id]
	if !known {
		var answer struct{ Value []byte }
		if err := s.channel.call("store.read", map[string]any{"key": id}, &answer); err != nil {
			s.misread = true
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
	old, known := s.known[id]
	if _, unsaved := s.unsaved[id]; known && !unsaved && bytes.Equal(old, value) {
		return nil
	}
	return s.write(id, value)
}

// write keeps the value as known even where the parent does not take it: nothing that was written is read back.
func (s *parentStore) write(id ipn.StateKey, value []byte) error {
	s.known[id] = bytes.Clone(value)
	if err := s.channel.call("store.write", map[string]any{"key": id, "value": value}, &struct{}{}); err != nil {
		s.unsaved[id] = s.known[id]
		return s.fail(err)
	}
	delete(s.unsaved, id)
	return nil
}

// retry writes again what the parent did not take, so that a failure that passes is not for ever.
func (s *parentStore) retry() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed == nil || s.misread {
		return s.failed
	}
	for id, value := range s.unsaved {
		if err := s.write(id, value); err != nil {
			return err
		}
	}
	s.failed, s.broken = nil, make(chan struct{})
	return nil
}

// failure returns the first error of the parent's store since all was well.
func (s *parentStore) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// failing returns what is closed at the next failure.
func (s *parentStore) failing() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.broken
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
