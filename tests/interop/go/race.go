package main

import (
	"context"
	"errors"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
	ma "github.com/multiformats/go-multiaddr"
)

const (
	// The direct way is tried so long before the other peer is asked to dial back: twice what the
	// answer with its addresses took, within these bounds.
	shortestHeadStart = 10 * time.Millisecond
	longestHeadStart  = 200 * time.Millisecond
	// A direct connection is waited for so long while there is a relayed one.
	holes = 3 * time.Second
)

// race tries all ways to a peer at once, as docs/nat.md says: the same as a testbed-node.
type race struct {
	peer *Peer
	to   peer.ID
	legs *legs
	// known is closed when the other peer's card has come, or does not come.
	known chan struct{}
	card  card
	took  time.Duration
}

// through is how a peer was reached.
type through struct {
	conn network.Conn
	how  string
	took time.Duration
	legs []leg
}

// reach races for a connection.
func (p *Peer) reach(ctx context.Context, to peer.ID) (through, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := &race{peer: p, to: to, legs: &legs{}, known: make(chan struct{})}
	begun := time.Now()
	conn, err := r.run(ctx)
	if err != nil {
		return through{}, err
	}
	how := r.how(conn)
	if how != relayedWay {
		p.closeRelayed(to)
	}
	return through{conn: conn, how: how, took: time.Since(begun), legs: r.legs.end(how)}, nil
}

func (r *race) run(ctx context.Context) (network.Conn, error) {
	if conn := r.peer.direct(r.to); conn != nil {
		return conn, nil
	}
	direct, back, relay := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() { defer close(direct); r.direct(ctx) }()
	go func() { defer close(back); r.reversed(ctx, direct) }()
	go func() { defer close(relay); r.relayed(ctx) }()
	all := make(chan struct{})
	go func() {
		defer close(all)
		<-relay
		if r.relay() == nil {
			<-direct
			<-back
		}
	}()
	for {
		changed := r.peer.changed.wait()
		if conn := r.peer.direct(r.to); conn != nil {
			return conn, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-all:
			if conn := r.peer.direct(r.to); conn != nil {
				return conn, nil
			}
			if conn := r.relay(); conn != nil {
				return conn, nil
			}
			return nil, errors.New(r.legs.why())
		}
	}
}

// direct asks for the other peer's addresses and dials them.
func (r *race) direct(ctx context.Context) {
	leg := r.legs.begin(directWay)
	asked := time.Now()
	got, err := r.peer.member.askAbout(ctx, call, r.to.String(), r.peer.card())
	if err == nil {
		r.card, r.took = readCard(got.bytes[3]), time.Since(asked)
	}
	close(r.known)
	if err == nil && len(r.card) == 0 {
		err = errors.New("the other peer knows no address")
	}
	if err == nil {
		ctx, cancel := context.WithTimeout(ctx, dials)
		defer cancel()
		err = r.peer.dial(ctx, r.to, r.card)
	}
	r.legs.ended(leg, err)
}

// reversed asks the other peer to dial back, when the direct way has failed or had a head start.
func (r *race) reversed(ctx context.Context, direct <-chan struct{}) {
	<-r.known
	select {
	case <-direct:
	case <-ctx.Done():
		return
	case <-time.After(min(max(2*r.took, shortestHeadStart), longestHeadStart)):
	}
	leg := r.legs.begin(reversedWay)
	_, err := r.peer.member.askAbout(ctx, reverse, r.to.String(), r.peer.card())
	if err == nil {
		sleep(ctx, holes)
		err = errors.New("no connection came")
	}
	r.legs.ended(leg, err)
}

// relayed connects over the hub. If that works, the other peer punches a hole meanwhile.
func (r *race) relayed(ctx context.Context) {
	leg := r.legs.begin(relayedWay)
	circuit := ma.StringCast("/p2p/" + r.peer.hub.ID.String() + "/p2p-circuit")
	r.peer.main.Peerstore().AddAddr(r.to, circuit, peerstore.TempAddrTTL)
	limited := network.WithAllowLimitedConn(ctx, "a hole is punched over it")
	_, err := r.peer.main.Network().DialPeer(limited, r.to)
	r.legs.ended(leg, err)
	if err == nil {
		leg = r.legs.begin(punchedWay)
		sleep(ctx, holes)
		r.legs.ended(leg, errors.New("no hole in time"))
	}
}

// relay is the connection over the hub, or nil.
func (r *race) relay() network.Conn {
	for _, conn := range r.peer.connections(r.to) {
		if !isDirect(conn.RemoteMultiaddr()) {
			return conn
		}
	}
	return nil
}

// how is the way of a connection. A peer that dials back does so from a port of its own, and one
// that punches a hole from the port that it listens on.
func (r *race) how(conn network.Conn) string {
	var known card
	select {
	case <-r.known:
		known = r.card
	default:
		// This connection stood before.
	}
	switch outbound := conn.Stat().Direction == network.DirOutbound; {
	case !isDirect(conn.RemoteMultiaddr()):
		return relayedWay
	case outbound && r.peer.isPlain(conn):
		return directWay
	case outbound || known.has(conn.RemoteMultiaddr()):
		return punchedWay
	default:
		return reversedWay
	}
}

// isPlain is whether the plain host has dialled that connection.
func (p *Peer) isPlain(conn network.Conn) bool {
	for _, own := range p.plain.Network().ConnsToPeer(conn.RemotePeer()) {
		if own == conn {
			return true
		}
	}
	return false
}

// closeRelayed closes what a direct connection has replaced.
func (p *Peer) closeRelayed(to peer.ID) {
	for _, conn := range p.connections(to) {
		if !isDirect(conn.RemoteMultiaddr()) {
			conn.Close()
		}
	}
}
