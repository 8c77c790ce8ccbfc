package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
)

type dialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

// conn is one connection over which the same request is sent again and again.
type conn struct {
	net.Conn
	request []byte
	reader  *bufio.Reader
	stop    func() bool
}

// open connects; the end of ctx closes the connection.
func open(ctx context.Context, dial dialFunc, address, path string) (*conn, error) {
	c, err := dial(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &conn{
		Conn:    c,
		request: fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, address),
		reader:  bufio.NewReaderSize(c, 64<<10),
		stop:    context.AfterFunc(ctx, func() { c.Close() }),
	}, nil
}

func (c *conn) Close() error {
	c.stop()
	return c.Conn.Close()
}

// ask sends the request and reads the answer whole.
func (c *conn) ask() error {
	body, err := c.begin()
	if err != nil {
		return err
	}
	_, err = c.reader.Discard(int(body.N))
	return err
}

// begin sends the request and reads the head of the answer, which must be 200 and say its length.
func (c *conn) begin() (*io.LimitedReader, error) {
	if _, err := c.Write(c.request); err != nil {
		return nil, err
	}
	status, err := c.line()
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(status, []byte("HTTP/1.1 200 ")) {
		return nil, fmt.Errorf("answered %s", status)
	}
	length := int64(-1)
	for {
		line, err := c.line()
		if err != nil {
			return nil, err
		}
		if len(line) == 0 {
			break
		}
		if name, value, _ := bytes.Cut(line, []byte(": ")); bytes.EqualFold(name, []byte("content-length")) {
			if length, err = strconv.ParseInt(string(value), 10, 64); err != nil {
				return nil, err
			}
		}
	}
	if length < 0 {
		return nil, fmt.Errorf("an answer without a length")
	}
	return &io.LimitedReader{R: c.reader, N: length}, nil
}

// line is valid until the next read.
func (c *conn) line() ([]byte, error) {
	line, err := c.reader.ReadSlice('\n')
	return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r")), err
}
