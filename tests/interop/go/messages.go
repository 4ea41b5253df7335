package main

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// version is that of the hub's messages.
const version = 1

// kind is a message's tag in the hub's oneof, or in that of ping-pong.
type kind protowire.Number

const (
	ping kind = 1
	pong kind = 2

	newSession kind = 17
	challenged kind = 18
	proof      kind = 19
	accepted   kind = 20
	register   kind = 21
	registered kind = 22
	stay       kind = 23
	stays      kind = 24
	call       kind = 30
	called     kind = 31
	answer     kind = 32
	answered   kind = 33
	reverse    kind = 34
	reversed   kind = 35
	dialBack   kind = 36
	refused    kind = 37
)

// names are those in envelopes. PING and PONG of the hub and of ping-pong differ in the tag alone.
var names = map[kind]string{
	ping:       "PING",
	pong:       "PONG",
	newSession: "NEW_SESSION",
	challenged: "CHALLENGE",
	proof:      "PROOF",
	accepted:   "ACCEPTED",
	register:   "REGISTER",
	registered: "REGISTERED",
	stay:       "PING",
	stays:      "PONG",
	call:       "CALL",
	called:     "CALLED",
	answer:     "ANSWER",
	answered:   "ANSWERED",
	reverse:    "REVERSE",
	reversed:   "REVERSED",
	dialBack:   "DIAL_BACK",
	refused:    "REFUSED",
}

// answers are what a message to the hub is answered with.
var answers = map[kind]kind{
	newSession: challenged,
	proof:      accepted,
	register:   registered,
	stay:       stays,
	call:       answered,
	reverse:    reversed,
}

// hasNumber is whether the first field of an answer is the number of the question.
func (k kind) hasNumber() bool {
	return k == answered || k == reversed || k == refused
}

// payload is that of a message with these fields.
func (k kind) payload(inner fields) []byte {
	return fields{}.message(protowire.Number(k), inner)
}

// decode returns a message's kind and its fields.
func decode(payload []byte) (kind, values, error) {
	outer, err := read(payload)
	if err != nil {
		return 0, values{}, err
	}
	inner, err := outer.inner(outer.first)
	return kind(outer.first), inner, err
}

// parcel are the fields of CALL, ANSWER and REVERSE.
func parcel(number uint64, peer string, data []byte) fields {
	return fields{}.uint(1, number).bytes(2, []byte(peer)).bytes(3, data)
}

// code is why the hub refuses a message.
type code protowire.Number

const codeUnregistered code = 4

var codes = []string{
	"", "version", "proof", "session", "unregistered", "unknown_receiver", "large", "ration", "pace",
	"full", "silent",
}

func (c code) Error() string {
	if int(c) < len(codes) && c > 0 {
		return "the hub refuses it: " + codes[c]
	}
	return fmt.Sprintf("the hub refuses it, with code %d", c)
}

// codeOf is that of a REFUSED.
func codeOf(refusal values) code {
	inner, err := refusal.inner(2)
	if err != nil {
		return 0
	}
	return code(inner.first)
}
