// A peer of a testbed-node --hub, over go-libp2p: docs/hub-protocol.md and
// docs/channel-protocol.md. It takes the arguments that `testbed nat` passes to a peer, and prints
// the lines that it waits for.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	options, err := parse(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, options); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run returns at the end of standard input, when ctx ends, or when the peer does not register.
func run(ctx context.Context, options options) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	peer, err := newPeer(options)
	if err != nil {
		return err
	}
	defer peer.close()
	peer.printAddresses()
	if options.mapsPorts {
		peer.waitMapped(ctx)
	}
	failed := make(chan error, 1)
	go func() { failed <- peer.member.stay(ctx) }()
	ended := make(chan struct{})
	if options.stdin {
		go func() {
			defer close(ended)
			peer.carryOut(ctx, os.Stdin, os.Stdout)
		}()
	}
	select {
	case err := <-failed:
		return err
	case <-ended:
		return nil
	case <-ctx.Done():
		return nil
	}
}
