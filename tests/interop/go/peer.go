package main

import (
	"context"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	basichost "github.com/libp2p/go-libp2p/p2p/host/basic"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	"github.com/libp2p/go-libp2p/p2p/protocol/holepunch"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	quic "github.com/libp2p/go-libp2p/p2p/transport/quic"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
)

// Peer has two hosts of go-libp2p with one key. The main one listens, is at the hub, relays and
// punches holes, all from the port that it listens on. The plain one dials others directly, from
// ports of its own: a host of go-libp2p dials QUIC from the port that it listens on alone, and
// what the other peer is told to dial in a hole punch must not be taken by another dial.
type Peer struct {
	options
	main, plain host.Host
	channels    *channels
	member      *member
	pings       *pings
	addresses   *addresses
	// changed is raised at each new connection.
	changed *wakeup
	// mapping is the manager of the router's mappings, or nil.
	mapping basichost.NATManager
}

func newPeer(options options) (*Peer, error) {
	p := &Peer{options: options, addresses: &addresses{}, changed: newWakeup(), pings: newPings()}
	p.channels = newChannels(p.receive)
	p.member = newMember(p)
	gate := newGate(p)
	// Without it go-libp2p dials one address a quarter of a second after the other.
	atOnce := libp2p.DialRanker(swarm.NoDelayDialRanker)
	both := libp2p.ChainOptions(
		libp2p.Identity(options.key),
		libp2p.Transport(tcp.NewTCPTransport),
		libp2p.Transport(quic.NewTransport),
		libp2p.Security(noise.ID, noise.New),
		libp2p.DisableMetrics(),
	)
	more := []libp2p.Option{both, libp2p.ListenAddrs(options.listen), libp2p.ConnectionGater(gate)}
	if options.punches {
		more = append(more, libp2p.EnableHolePunching(holepunch.WithTracer(gate)))
	}
	if options.mapsPorts {
		more = append(more, libp2p.NATManager(p.mapPorts))
	}
	var err error
	if p.plain, err = libp2p.New(both, libp2p.NoListenAddrs, atOnce); err != nil {
		return nil, err
	}
	if p.main, err = libp2p.New(more...); err != nil {
		p.plain.Close()
		return nil, err
	}
	for _, host := range p.hosts() {
		host.SetStreamHandler(channelProtocol, p.channels.accept)
		host.Network().Notify(&network.NotifyBundle{
			ConnectedF: func(network.Network, network.Conn) { p.changed.raise() },
		})
	}
	if err := p.addresses.observe(p.main, options.hub.ID); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

func (p *Peer) hosts() []host.Host { return []host.Host{p.main, p.plain} }

func (p *Peer) id() peer.ID { return p.main.ID() }

func (p *Peer) close() {
	p.unmap()
	for _, host := range p.hosts() {
		host.Close()
	}
}

// printAddresses prints where the peer listens.
func (p *Peer) printAddresses() {
	all, err := p.main.Network().InterfaceListenAddresses()
	if err != nil {
		return
	}
	for _, address := range all {
		if isDirect(address) {
			fmt.Printf("listening on %s/p2p/%s\n", address, p.id())
		}
	}
}

// connectHub returns when the hub has said at which address it sees this peer.
func (p *Peer) connectHub(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	if err := p.main.Connect(ctx, p.hub); err != nil {
		return fmt.Errorf("the hub cannot be reached: %w", err)
	}
	return nil
}

// hubConnection is nil if there is none.
func (p *Peer) hubConnection() network.Conn {
	for _, conn := range p.main.Network().ConnsToPeer(p.hub.ID) {
		if !conn.IsClosed() && isDirect(conn.RemoteMultiaddr()) {
			return conn
		}
	}
	return nil
}

// receive takes a message of any peer. Only the hub's messages are the hub's.
func (p *Peer) receive(from network.Conn, message envelope) {
	got, inner, err := decode(message.payload)
	switch {
	case err != nil:
		return
	case got == ping:
		same := fields{}.uint(1, inner.numbers[1]).bytes(2, inner.bytes[2])
		go p.channels.send(from, names[pong], pong.payload(same))
	case got == pong:
		p.pings.answered(inner.numbers[1])
	case from.RemotePeer() == p.hub.ID:
		p.member.receive(got, inner)
	}
}

// dialBack dials a peer that has asked for it over the hub, at the addresses on its card.
func (p *Peer) dialBack(from string, card []byte) {
	id, err := peer.Decode(from)
	if err != nil || p.direct(id) != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), dials)
	defer cancel()
	p.dial(ctx, id, readCard(card))
}

// dials is how long a direct dial may take. A guess.
const dials = 10 * time.Second

// dial dials a peer directly, from a port of this peer's own.
func (p *Peer) dial(ctx context.Context, to peer.ID, card card) error {
	direct := network.WithForceDirectDial(ctx, "no relay, and no pause after a failure")
	return p.plain.Connect(direct, peer.AddrInfo{ID: to, Addrs: card})
}

// connections are those to a peer, of both hosts.
func (p *Peer) connections(to peer.ID) []network.Conn {
	var open []network.Conn
	for _, host := range p.hosts() {
		for _, conn := range host.Network().ConnsToPeer(to) {
			if !conn.IsClosed() {
				open = append(open, conn)
			}
		}
	}
	return open
}

// direct is the connection without a relay that both sides keep, or nil. Of two it is the one that
// the peer with the lower PeerId has dialled, or the newer: docs/channel-protocol.md.
func (p *Peer) direct(to peer.ID) network.Conn {
	outbound := func(conn network.Conn) bool { return conn.Stat().Direction == network.DirOutbound }
	var kept network.Conn
	for _, conn := range p.connections(to) {
		if !isDirect(conn.RemoteMultiaddr()) {
			continue
		}
		if kept == nil || outbound(conn) == outbound(kept) || outbound(conn) == (p.id() < to) {
			kept = conn
		}
	}
	return kept
}

// waitReachable waits until other peers can reach this one, or for a few seconds.
func (p *Peer) waitReachable(ctx context.Context) {
	p.addresses.wait(ctx)
	if !p.punches {
		return
	}
	// go-libp2p looks now and then whether it has a public address, and only then punches holes.
	for range 60 {
		for _, protocol := range p.main.Mux().Protocols() {
			if protocol == holepunch.Protocol {
				return
			}
		}
		sleep(ctx, 50*time.Millisecond)
	}
}
