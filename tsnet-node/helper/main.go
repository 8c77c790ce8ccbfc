// Command tsnet-helper is one Tailscale node in a process of its own, driven by its parent over fd 3.
//
// Control, newline-delimited JSON in both directions over fd 3 (a socket):
//
//	parent → helper  {"id":1,"op":"start","args":{…}}
//	helper → parent  {"id":1,"result":{…}} or {"id":1,"error":{"code":"…","message":"…"}}
//	helper → parent  {"event":"state","data":{…}}
//	helper → parent  {"call":7,"op":"store.write","args":{…}}, answered by {"call":7,…} like above
//	parent → helper  {"op":"drop","args":{…}}, which nobody answers
//
// Data, one unix stream into the parent for each connection from the tailnet: see stream.go.
//
// End of file on fd 3 ends the process: it never outlives its parent.
package main

import (
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"tailscale.com/envknob"
	"tailscale.com/net/netns"
)

// closeWithin bounds shutdown: tsnet's Close can hang for ever when more than 512 endpoints are open.
const closeWithin = 2 * time.Second

func main() {
	control, err := controlSocket()
	if err != nil {
		fmt.Fprintln(os.Stderr, "tsnet-helper: started by hand? fd 3 must be a socket to the parent:", err)
		os.Exit(2)
	}
	// A signal to the whole process group (Ctrl-C) is the parent's to handle: it may have requests to finish first.
	signal.Ignore(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	netns.SetEnabled(false)      // userspace networking: no routing marks to set
	envknob.SetNoLogsNoSupport() // nothing is uploaded; must precede the start of the node

	channel := newChannel(control)
	n := newNode(channel)
	channel.serve(n.do)
	n.closeWithin(closeWithin)
}

func controlSocket() (net.Conn, error) {
	f := os.NewFile(3, "control")
	defer f.Close()
	return net.FileConn(f)
}
