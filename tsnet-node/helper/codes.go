package main

import (
	"context"
	"errors"
	"net"

	"tailscale.com/client/local"
)

// wireError is an error as the parent reads it; the codes are those of src/errors.ts.
type wireError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

type codedError struct{ code, message string }

func (e codedError) Error() string { return e.message }

func asWireError(err error) *wireError {
	return &wireError{Code: codeOf(err), Message: err.Error()}
}

func codeOf(err error) string {
	var coded codedError
	switch {
	case errors.As(err, &coded):
		return coded.code
	case errors.Is(err, context.Canceled):
		return "ABORT_ERR"
	case errors.Is(err, local.ErrPeerNotFound):
		return "ERR_TSNET_PEER_NOT_FOUND"
	case errors.Is(err, net.ErrClosed):
		return "ERR_TSNET_CLOSED"
	}
	return "ERR_TSNET"
}
