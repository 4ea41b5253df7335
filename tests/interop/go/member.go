package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// patience is how long an answer of the hub is waited for. A guess.
const patience = 5 * time.Second

// tries is how often a message that is not answered is sent.
const tries = 3

// member is this peer at its hub.
type member struct {
	peer *Peer

	mutex   sync.Mutex
	number  uint64
	waiting map[uint64]question
	// session is the message Session as the hub has sent it, or empty.
	session []byte
}

// question waits for an answer.
type question struct {
	answer kind
	// of is the peer that was called, or empty.
	of    string
	reply chan reply
}

type reply struct {
	fields values
	err    error
}

func newMember(peer *Peer) *member {
	return &member{peer: peer, waiting: map[uint64]question{}}
}

// receive takes a message of the hub.
func (m *member) receive(got kind, inner values) {
	switch got {
	case called:
		from, card := string(inner.bytes[2]), m.peer.card()
		go m.send(answer, parcel(inner.numbers[1], from, card))
		return
	case dialBack:
		go m.peer.dialBack(string(inner.bytes[1]), inner.bytes[2])
		return
	}
	number := uint64(0)
	if got.hasNumber() {
		number = inner.numbers[1]
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	waits, found := m.waiting[number]
	if !found {
		return
	}
	switch {
	case got == refused:
		waits.reply <- reply{err: codeOf(inner)}
	case got != waits.answer:
		return
	// Any registered peer can send an answer; that of the one that was asked counts.
	case got == answered && string(inner.bytes[2]) != waits.of:
		return
	default:
		waits.reply <- reply{fields: inner}
	}
	delete(m.waiting, number)
}

// send sends a message to the hub.
func (m *member) send(message kind, inner fields) error {
	hub := m.peer.hubConnection()
	if hub == nil {
		return errors.New("not connected to the hub")
	}
	return m.peer.channels.send(hub, names[message], message.payload(inner))
}

// ask sends a message and waits for its answer, once. of is the peer that is called, or empty.
func (m *member) ask(
	ctx context.Context, message kind, number uint64, of string, inner fields,
) (values, error) {
	waits := question{answer: answers[message], of: of, reply: make(chan reply, 1)}
	m.mutex.Lock()
	m.waiting[number] = waits
	m.mutex.Unlock()
	defer func() {
		m.mutex.Lock()
		defer m.mutex.Unlock()
		delete(m.waiting, number)
	}()
	if err := m.send(message, inner); err != nil {
		return values{}, err
	}
	select {
	case got := <-waits.reply:
		return got.fields, got.err
	case <-time.After(patience):
		return values{}, fmt.Errorf("the hub has not answered %s in time", names[message])
	case <-ctx.Done():
		return values{}, ctx.Err()
	}
}

// askAbout asks the hub to pass something on to that peer: CALL or REVERSE.
func (m *member) askAbout(ctx context.Context, message kind, peer string, data []byte) (values, error) {
	m.mutex.Lock()
	m.number++
	number := m.number
	m.mutex.Unlock()
	return m.ask(ctx, message, number, peer, parcel(number, peer, data))
}

// insist repeats a message of a session until it is answered.
func (m *member) insist(ctx context.Context, message kind, inner fields) (values, error) {
	var got values
	var err error
	for range tries {
		got, err = m.ask(ctx, message, 0, "", inner)
		var refusal code
		if err == nil || errors.As(err, &refusal) || ctx.Err() != nil {
			break
		}
	}
	return got, err
}
