package main

import (
	"context"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/client"
)

const (
	// alive is how often the hub hears of this peer: docs/hub-protocol.md.
	alive = 20 * time.Second
	// reservations is how often a reservation is asked for: the relay learns of the session a
	// moment later than the peer.
	reservations = 5
)

// begin gets a session for a proof of work.
func (m *member) begin(ctx context.Context) error {
	asked, err := m.insist(ctx, newSession, fields{}.uint(1, version))
	if err != nil {
		return err
	}
	puzzle := challenge{
		peer:  m.peer.id().String(),
		hub:   m.peer.hub.ID.String(),
		epoch: asked.numbers[1],
		bits:  asked.numbers[2],
		seed:  asked.bytes[3],
	}
	nonce, err := puzzle.solve()
	if err != nil {
		return err
	}
	shown := fields{}.uint(1, puzzle.epoch).uint(2, puzzle.bits).uint(3, nonce).bytes(4, puzzle.seed)
	got, err := m.insist(ctx, proof, shown)
	if err != nil {
		return err
	}
	m.session = got.bytes[1]
	return nil
}

// register registers at the hub, with the last session if there is one, and gets a reservation.
func (m *member) register(ctx context.Context) error {
	if err := m.peer.connectHub(ctx); err != nil {
		return err
	}
	var err error
	for range tries {
		if len(m.session) == 0 {
			if err = m.begin(ctx); err != nil {
				continue
			}
		}
		_, err = m.insist(ctx, register, fields{}.message(1, m.session))
		if err == nil {
			break
		}
		m.session = nil
	}
	if err != nil {
		return fmt.Errorf("no session at %s: %w", m.peer.hub.ID, err)
	}
	return m.reserve(ctx)
}

func (m *member) reserve(ctx context.Context) error {
	pause := 50 * time.Millisecond
	var err error
	for range reservations {
		if _, err = client.Reserve(ctx, m.peer.main, m.peer.hub); err == nil {
			return nil
		}
		sleep(ctx, pause)
		pause *= 2
	}
	return fmt.Errorf("no reservation at the hub: %w", err)
}

// stay registers, and again whenever the hub does not know this peer any more. It returns an
// error if the first time fails.
func (m *member) stay(ctx context.Context) error {
	pause := time.Second
	for first := true; ctx.Err() == nil; first = false {
		err := m.register(ctx)
		if err == nil {
			m.peer.waitReachable(ctx)
			fmt.Println("registered at", m.peer.hub.ID)
			pause = time.Second
			m.untilForgotten(ctx)
			continue
		}
		if first {
			return err
		}
		sleep(ctx, pause)
		pause = min(2*pause, 30*time.Second)
	}
	return ctx.Err()
}

// untilForgotten keeps the registration and the reservation alive. It returns when the hub has
// gone, or has forgotten this peer.
func (m *member) untilForgotten(ctx context.Context) {
	for at := 1; ; at++ {
		connected := m.peer.hubConnection()
		if connected == nil || !sleepUnless(ctx, alive, connected) {
			return
		}
		if _, err := m.insist(ctx, stay, nil); err != nil {
			return
		}
		// A reservation lasts an hour, and asking for one is cheap.
		if at%45 == 0 && m.reserve(ctx) != nil {
			return
		}
	}
}

// sleepUnless returns false as soon as ctx ends or the connection is closed.
func sleepUnless(ctx context.Context, pause time.Duration, on network.Conn) bool {
	for deadline := time.Now().Add(pause); time.Now().Before(deadline); {
		if ctx.Err() != nil || on.IsClosed() {
			return false
		}
		sleep(ctx, 200*time.Millisecond)
	}
	return true
}

func sleep(ctx context.Context, pause time.Duration) {
	select {
	case <-time.After(pause):
	case <-ctx.Done():
	}
}
