package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
)

// mostPings is how often a PING is sent. One is lost where another connection replaces the first.
const mostPings = 2

// request is a line of standard input.
type request struct {
	ID   any    `json:"id"`
	Do   string `json:"do"`
	Peer string `json:"peer"`
}

// response is the line that answers it.
type response struct {
	ID             any      `json:"id,omitempty"`
	Do             string   `json:"do,omitempty"`
	OK             bool     `json:"ok"`
	Error          string   `json:"error,omitempty"`
	How            string   `json:"how,omitempty"`
	ConnectSeconds float64  `json:"connect_seconds,omitempty"`
	RelayedSeconds *float64 `json:"relayed_seconds,omitempty"`
	Seconds        float64  `json:"seconds,omitempty"`
	Pings          int      `json:"pings,omitempty"`
	Legs           []leg    `json:"legs,omitempty"`
}

// carryOut carries out the commands of standard input, and returns at its end.
func (p *Peer) carryOut(ctx context.Context, input io.Reader, output io.Writer) {
	lines := bufio.NewScanner(input)
	answers := json.NewEncoder(output)
	for lines.Scan() {
		var asked request
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			answers.Encode(response{Error: err.Error()})
			continue
		}
		answer, err := p.answer(ctx, asked)
		answer.ID, answer.Do, answer.OK = asked.ID, asked.Do, err == nil
		if err != nil {
			answer.Error = err.Error()
		}
		answers.Encode(answer)
	}
}

func (p *Peer) answer(ctx context.Context, asked request) (response, error) {
	if asked.Do != "ping" {
		return response{}, fmt.Errorf("%q is unknown; this peer does ping", asked.Do)
	}
	to, err := peer.Decode(asked.Peer)
	if err != nil {
		return response{}, fmt.Errorf("%q is no PeerId like 12D3Koo...: %w", asked.Peer, err)
	}
	reached, err := p.reach(ctx, to)
	if err != nil {
		return response{}, err
	}
	answer := response{
		How:            reached.how,
		ConnectSeconds: reached.took.Seconds(),
		RelayedSeconds: relayed(reached.legs),
		Legs:           reached.legs,
	}
	for answer.Pings = 1; answer.Pings <= mostPings; answer.Pings++ {
		conn := reached.conn
		if direct := p.direct(to); direct != nil {
			conn = direct
		}
		begun := time.Now()
		if p.pings.ping(p.channels, conn) {
			answer.Seconds = time.Since(begun).Seconds()
			return answer, nil
		}
	}
	return response{}, fmt.Errorf("no PONG within %s", mostPings*patience)
}

// pings are those that wait for a PONG.
type pings struct {
	mutex   sync.Mutex
	number  uint64
	waiting map[uint64]chan struct{}
}

func newPings() *pings { return &pings{waiting: map[uint64]chan struct{}{}} }

// ping is whether PONG comes in time.
func (p *pings) ping(channels *channels, to network.Conn) bool {
	answered := make(chan struct{})
	p.mutex.Lock()
	p.number++
	number := p.number
	p.waiting[number] = answered
	p.mutex.Unlock()
	deadline := time.After(patience)
	message := ping.payload(fields{}.uint(1, number))
	if err := channels.send(to, names[ping], message); err != nil {
		// The connection may have just been replaced.
		time.Sleep(100 * time.Millisecond)
		return false
	}
	select {
	case <-answered:
		return true
	case <-deadline:
		return false
	}
}

// answered takes the number of a PONG.
func (p *pings) answered(number uint64) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if waits, found := p.waiting[number]; found {
		delete(p.waiting, number)
		close(waits)
	}
}
