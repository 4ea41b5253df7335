package main

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

// mostAddresses is how many a card has at most.
const mostAddresses = 16

// card has the addresses at which a peer may be reached, one a line in messages.
type card []ma.Multiaddr

// readCard takes what it can parse in a card of another peer.
func readCard(bytes []byte) card {
	var all card
	for line := range strings.Lines(string(bytes)) {
		address, err := ma.NewMultiaddr(strings.TrimSpace(line))
		if err == nil && isDirect(address) && len(all) < mostAddresses {
			all = append(all, address)
		}
	}
	return all
}

func (c card) bytes() []byte {
	lines := make([]string, len(c))
	for at, address := range c {
		lines[at] = address.String()
	}
	return []byte(strings.Join(lines, "\n"))
}

// has is whether the card has this address. What comes behind the transport does not count.
func (c card) has(address ma.Multiaddr) bool {
	for _, own := range c {
		if transport, _ := peer.SplitAddr(own); transport.Equal(address) {
			return true
		}
	}
	return false
}

// isDirect is whether an address is without a relay.
func isDirect(address ma.Multiaddr) bool {
	_, err := address.ValueForProtocol(ma.P_CIRCUIT)
	return err != nil
}

// card has what the hub sees first, then what the router maps and where the peer listens.
func (p *Peer) card() []byte {
	var all card
	for _, address := range append(p.addresses.observed(), p.main.Addrs()...) {
		local := manet.IsIPLoopback(address) || manet.IsIPUnspecified(address)
		if isDirect(address) && !local && !all.has(address) && len(all) < mostAddresses {
			all = append(all, address)
		}
	}
	return all.bytes()
}

// addresses are those at which the hub has seen this peer, as they are: go-libp2p itself wants
// four observers before it believes them.
type addresses struct {
	mutex sync.Mutex
	seen  []ma.Multiaddr
}

// observe listens to what the hub says.
func (a *addresses) observe(host host.Host, hub peer.ID) error {
	events, err := host.EventBus().Subscribe(new(event.EvtPeerIdentificationCompleted))
	if err != nil {
		return err
	}
	go func() {
		for next := range events.Out() {
			identified := next.(event.EvtPeerIdentificationCompleted)
			if identified.Peer == hub && identified.ObservedAddr != nil {
				a.mutex.Lock()
				a.seen = []ma.Multiaddr{identified.ObservedAddr}
				a.mutex.Unlock()
			}
		}
	}()
	return nil
}

func (a *addresses) observed() []ma.Multiaddr {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	return append([]ma.Multiaddr{}, a.seen...)
}

// wait waits until there is one, or for a few seconds.
func (a *addresses) wait(ctx context.Context) {
	for range 60 {
		if len(a.observed()) > 0 {
			return
		}
		sleep(ctx, 50*time.Millisecond)
	}
}
