package main

import (
	"context"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	basichost "github.com/libp2p/go-libp2p/p2p/host/basic"
)

// mapPorts asks the router to map the port of that network.
func (p *Peer) mapPorts(network network.Network) basichost.NATManager {
	p.mapping = basichost.NewNATManager(network)
	return p.mapping
}

// waitMapped waits until the router maps the port, or for ten seconds.
func (p *Peer) waitMapped(ctx context.Context) {
	for range 200 {
		for _, listens := range p.main.Network().ListenAddresses() {
			if p.mapping.GetMapping(listens) != nil {
				return
			}
		}
		sleep(ctx, 50*time.Millisecond)
	}
}

// unmap removes what the router maps. It comes before the host is closed: a host of go-libp2p
// v0.52.0 removes the mapping of a listener that it closes in a context that it cancels at the
// same time, so that the mapping often stays.
func (p *Peer) unmap() {
	if p.mapping != nil {
		p.mapping.Close()
	}
}
