package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/multiformats/go-multistream"
)

const channelProtocol protocol.ID = "/testbed/channel/1.0.0"

// opens is how long a channel may take to open, and a message to be written. A guess.
const opens = 5 * time.Second

// channels are those to and from other peers. Each connection has at most one in each direction.
type channels struct {
	// receive is called with each message, by one goroutine for each channel.
	receive func(from network.Conn, message envelope)

	mutex sync.Mutex
	// out are the channels to others, by the id of the connection.
	out map[string]*channel
	// opened counts the channels to each peer.
	opened map[peer.ID]uint64
}

// channel is one to another peer.
type channel struct {
	mutex       sync.Mutex
	stream      network.Stream
	incarnation uint64
	sequence    uint64
}

func newChannels(receive func(network.Conn, envelope)) *channels {
	return &channels{
		receive: receive,
		out:     map[string]*channel{},
		opened:  map[peer.ID]uint64{},
	}
}

// send writes a message to the channel on that connection, and opens it first if need be.
func (c *channels) send(to network.Conn, kind string, payload []byte) error {
	c.mutex.Lock()
	out, found := c.out[to.ID()]
	if !found {
		c.opened[to.RemotePeer()]++
		out = &channel{incarnation: c.opened[to.RemotePeer()]}
		c.out[to.ID()] = out
	}
	c.mutex.Unlock()
	err := out.send(to, kind, payload)
	if err != nil {
		c.hangUp(to)
	}
	return err
}

func (c *channel) send(to network.Conn, kind string, payload []byte) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.stream == nil {
		stream, err := open(to)
		if err != nil {
			return fmt.Errorf("no channel to %s: %w", to.RemotePeer(), err)
		}
		c.stream = stream
	}
	message := envelope{
		id:          c.sequence + 1,
		kind:        kind,
		created:     uint64(time.Now().UnixNano()),
		sequence:    c.sequence,
		incarnation: c.incarnation,
		payload:     payload,
	}
	c.sequence++
	if err := c.stream.SetWriteDeadline(time.Now().Add(opens)); err != nil {
		return err
	}
	_, err := c.stream.Write(message.frame())
	return err
}

// open opens a stream on that connection, also on one over a relay.
func open(on network.Conn) (network.Stream, error) {
	ctx, cancel := context.WithTimeout(context.Background(), opens)
	defer cancel()
	stream, err := on.NewStream(network.WithAllowLimitedConn(ctx, "channel"))
	if err != nil {
		return nil, err
	}
	err = stream.SetDeadline(time.Now().Add(opens))
	if err == nil {
		_, err = multistream.SelectOneOf([]protocol.ID{channelProtocol}, stream)
	}
	if err == nil {
		err = stream.SetProtocol(channelProtocol)
	}
	if err == nil {
		err = stream.SetDeadline(time.Time{})
	}
	if err != nil {
		stream.Reset()
		return nil, err
	}
	return stream, nil
}

// hangUp ends the channel on that connection.
func (c *channels) hangUp(on network.Conn) {
	c.mutex.Lock()
	out := c.out[on.ID()]
	delete(c.out, on.ID())
	c.mutex.Unlock()
	if out == nil {
		return
	}
	out.mutex.Lock()
	defer out.mutex.Unlock()
	if out.stream != nil {
		out.stream.Close()
	}
}

// accept reads a channel from another peer to its end. Then the channel to that peer ends as well.
func (c *channels) accept(stream network.Stream) {
	defer c.hangUp(stream.Conn())
	if err := c.readAll(stream); err != nil {
		stream.Reset()
		return
	}
	stream.Close()
}

func (c *channels) readAll(stream network.Stream) error {
	frames := bufio.NewReader(stream)
	var incarnation uint64
	for due := uint64(0); ; due++ {
		message, err := readEnvelope(frames)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if due == 0 {
			incarnation = message.incarnation
		}
		if message.sequence != due || message.incarnation != incarnation {
			return fmt.Errorf("message %d of %d: %d of %d was due",
				message.sequence, message.incarnation, due, incarnation)
		}
		c.receive(stream.Conn(), message)
	}
}
