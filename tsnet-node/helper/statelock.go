package main

import (
	"os"
	"path/filepath"
	"syscall"
)

// lockStateDir makes the directory private and takes it for this process. Two nodes on one state would fight for one key.
func lockStateDir(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o700); err != nil && !os.IsPermission(err) { // a mounted volume may belong to another user
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(dir, "tsnet-node.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, codedError{"ERR_TSNET_STATE_LOCKED", "another node uses the state directory " + dir}
	}
	return f, nil
}
