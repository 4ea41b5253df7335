package main

import (
	"sync"

	"github.com/libp2p/go-libp2p/core/control"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/protocol/holepunch"
	ma "github.com/multiformats/go-multiaddr"
)

// gate lets the main host dial the hub, others over it, and others directly in a hole punch alone.
// Before a punch go-libp2p dials what identify has told, and waits for it: that is connection
// reversal, which the plain host does when the other peer asks for it.
type gate struct {
	peer *Peer

	mutex    sync.Mutex
	punching map[peer.ID]bool
}

func newGate(p *Peer) *gate {
	return &gate{peer: p, punching: map[peer.ID]bool{}}
}

// Trace takes what the hole punching of go-libp2p does, just before it does it.
func (g *gate) Trace(event *holepunch.Event) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	switch event.Type {
	case holepunch.StartHolePunchEvtT:
		g.punching[event.Remote] = true
	case holepunch.EndHolePunchEvtT:
		delete(g.punching, event.Remote)
	}
}

// InterceptAddrDial is whether that address may be dialled.
func (g *gate) InterceptAddrDial(to peer.ID, address ma.Multiaddr) bool {
	if to == g.peer.hub.ID || !isDirect(address) {
		return true
	}
	g.mutex.Lock()
	punches := g.punching[to]
	g.mutex.Unlock()
	return punches && len(g.peer.plain.Network().ConnsToPeer(to)) == 0
}

// InterceptPeerDial is whether that peer may be dialled: its addresses decide.
func (g *gate) InterceptPeerDial(peer.ID) bool { return true }

// InterceptAccept is whether a connection may come in.
func (g *gate) InterceptAccept(network.ConnMultiaddrs) bool { return true }

// InterceptSecured is whether that peer may come in.
func (g *gate) InterceptSecured(network.Direction, peer.ID, network.ConnMultiaddrs) bool {
	return true
}

// InterceptUpgraded is whether a connection may be used.
func (g *gate) InterceptUpgraded(network.Conn) (bool, control.DisconnectReason) { return true, 0 }
