//go:build !testfunnel

package main

// serveTestFunnel does nothing: only a binary built for tests takes connections for Funnel's that are not.
func serveTestFunnel(*node) (stop func()) { return func() {} }
