//go:build linux

// Command with-parent becomes another program that ends with its parent: with-parent <program> [argument …].
//
// The kernel kills it (SIGKILL) when the thread that started it is gone, however that came about, so a crash of the
// lab's supervisor leaves nothing running.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
)

// The signal belongs to the thread that asks for it, so that thread must be the one that becomes the program.
func init() { runtime.LockOSThread() }

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "with-parent:", err)
		os.Exit(127)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("which program?")
	}
	program, err := exec.LookPath(args[0])
	if err != nil {
		return err
	}
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_PDEATHSIG, uintptr(syscall.SIGKILL), 0); errno != 0 {
		return errno
	}
	// A parent that ended before the line above can no longer be waited for.
	if parent := os.Getenv("TKA_LAB_PARENT"); parent != "" && parent != strconv.Itoa(os.Getppid()) {
		return fmt.Errorf("the parent %s is gone", parent)
	}
	os.Unsetenv("TKA_LAB_PARENT")
	return syscall.Exec(program, args, os.Environ())
}
