package redial

import (
	"context"
	"errors"
	"net"
	"testing"
)

var (
	errRefused = errors.New("connect tcp 100.64.0.1:80: connection was refused")
	errOther   = errors.New("operation timed out")
)

// answers dials with one error after another.
func answers(errs ...error) (dial Func, asked *int) {
	asked = new(int)
	return func(context.Context, string, string) (net.Conn, error) {
		err := errs[*asked]
		*asked++
		if err != nil {
			return nil, err
		}
		return &net.TCPConn{}, nil
	}, asked
}

func TestDial(t *testing.T) {
	for name, c := range map[string]struct {
		errs  []error
		want  error
		asked int
	}{
		"connected at once":        {[]error{nil}, nil, 1},
		"refused by mistake":       {[]error{errRefused, nil}, nil, 2},
		"refused":                  {[]error{errRefused, errRefused, nil}, errRefused, 2},
		"failed for other reasons": {[]error{errOther, nil}, errOther, 1},
	} {
		dial, asked := answers(c.errs...)
		conn, err := Dial(context.Background(), dial, "tcp", "100.64.0.1:80")
		if err != c.want || (conn != nil) != (c.want == nil) || *asked != c.asked {
			t.Errorf("%s: %v, %v, asked %d times", name, conn, err, *asked)
		}
	}
}
