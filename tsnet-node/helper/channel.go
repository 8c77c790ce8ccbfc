package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net"
	"sync"
)

// maxLine bounds one message from the parent; values of the state store are the largest.
const maxLine = 4 << 20

// message is every message of the control protocol, in either direction.
type message struct {
	ID     uint64          `json:"id,omitempty"`   // a question of the parent, and its answer
	Call   uint64          `json:"call,omitempty"` // a question of the helper, and its answer
	Op     string          `json:"op,omitempty"`
	Args   json.RawMessage `json:"args,omitempty"`
	Result json.RawMessage `json:"result,omitempty"`
	Error  *wireError      `json:"error,omitempty"`
	Event  string          `json:"event,omitempty"`
	Data   json.RawMessage `json:"data,omitempty"`
}

// channel is the control connection to the parent: questions both ways, and events to the parent.
type channel struct {
	conn net.Conn

	writing sync.Mutex

	mu       sync.Mutex
	cancels  map[uint64]context.CancelFunc // questions of the parent being worked on
	waiting  map[uint64]chan message       // questions of ours not answered yet
	nextCall uint64
	gone     chan struct{} // closed at end of file
}

func newChannel(conn net.Conn) *channel {
	return &channel{
		conn:    conn,
		cancels: map[uint64]context.CancelFunc{},
		waiting: map[uint64]chan message{},
		gone:    make(chan struct{}),
	}
}

// serve works on the parent's questions, each in a goroutine of its own, until the parent is gone.
func (c *channel) serve(do func(ctx context.Context, op string, args json.RawMessage) (any, error)) {
	defer close(c.gone)
	lines := bufio.NewScanner(c.conn)
	lines.Buffer(make([]byte, 64<<10), maxLine)
	for lines.Scan() {
		var m message
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			return // not our parent: end rather than guess
		}
		switch {
		case m.Call != 0:
			c.settle(m)
		case m.Op == "cancel":
			c.cancel(m.Args)
		case m.ID == 0: // a notice, which wants no answer
			do(context.Background(), m.Op, m.Args)
		default:
			ctx := c.begin(m.ID)
			go c.answer(ctx, m, do)
		}
	}
}

func (c *channel) begin(id uint64) context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cancels[id] = cancel
	return ctx
}

func (c *channel) answer(ctx context.Context, m message, do func(context.Context, string, json.RawMessage) (any, error)) {
	result, err := do(ctx, m.Op, m.Args)
	c.mu.Lock()
	c.cancels[m.ID]()
	delete(c.cancels, m.ID)
	c.mu.Unlock()
	if err != nil {
		c.send(message{ID: m.ID, Error: asWireError(err)})
		return
	}
	c.send(message{ID: m.ID, Result: marshal(result)})
}

func (c *channel) cancel(args json.RawMessage) {
	var a struct{ Target uint64 }
	if json.Unmarshal(args, &a) != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if cancel := c.cancels[a.Target]; cancel != nil {
		cancel()
	}
}

var errParentGone = errors.New("the parent is gone")

// call asks the parent and waits for its answer.
func (c *channel) call(op string, args, result any) error {
	answered := make(chan message, 1)
	c.mu.Lock()
	c.nextCall++
	id := c.nextCall
	c.waiting[id] = answered
	c.mu.Unlock()
	c.send(message{Call: id, Op: op, Args: marshal(args)})
	select {
	case m := <-answered:
		if m.Error != nil {
			return codedError{m.Error.Code, m.Error.Message}
		}
		return json.Unmarshal(m.Result, result)
	case <-c.gone:
		return errParentGone
	}
}

func (c *channel) settle(m message) {
	c.mu.Lock()
	answered := c.waiting[m.Call]
	delete(c.waiting, m.Call)
	c.mu.Unlock()
	if answered != nil {
		answered <- m
	}
}

func (c *channel) event(name string, data any) {
	c.send(message{Event: name, Data: marshal(data)})
}

func (c *channel) send(m message) {
	line := append(marshal(m), '\n')
	c.writing.Lock()
	defer c.writing.Unlock()
	c.conn.Write(line) // an error means the parent is gone, which serve finds out
}

// marshal encodes our own types, which always encode.
func marshal(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}
