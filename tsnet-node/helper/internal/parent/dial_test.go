package parent

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// busyParent listens with room for one connection that it has not accepted yet, and has it taken.
func busyParent(t *testing.T) (path string, accept func() error) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "s")
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	if err := errors.Join(syscall.Bind(fd, &syscall.SockaddrUnix{Name: path}), syscall.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	first, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { first.Close() })
	if _, err := net.Dial("unix", path); !errors.Is(err, syscall.EAGAIN) {
		t.Skipf("this system has room for more, or waits: %v", err) // macOS refuses instead
	}
	return path, func() error {
		accepted, _, err := syscall.Accept(fd)
		syscall.Close(accepted)
		return err
	}
}

func TestDialWaitsForABusyParent(t *testing.T) {
	path, accept := busyParent(t)
	dialled := make(chan error, 1)
	go func() {
		conn, err := Dial(context.Background(), path)
		if err == nil {
			conn.Close()
		}
		dialled <- err
	}()
	select {
	case err := <-dialled:
		t.Fatalf("did not wait: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	if err := accept(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-dialled:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("still waits for a parent that has room")
	}
}

func TestDialGivesUpInTime(t *testing.T) {
	path, _ := busyParent(t)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := Dial(ctx, path); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
}

func TestDialTellsThatThereIsNoParent(t *testing.T) {
	if _, err := Dial(context.Background(), filepath.Join(t.TempDir(), "s")); !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
}
