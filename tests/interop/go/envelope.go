package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"google.golang.org/protobuf/encoding/protowire"
)

// The longest envelope and payload, in bytes, and the longest name of a kind.
const (
	longestEnvelope = 1_049_856
	longestPayload  = 1_049_600
	longestKind     = 64
	// longestPrefix is that of an envelope's length.
	longestPrefix = 4
)

// envelope is a message of a channel. The trace of one that was read is checked and dropped.
type envelope struct {
	id          uint64
	kind        string
	created     uint64
	sequence    uint64
	incarnation uint64
	payload     []byte
}

// frame is the envelope with its length before it.
func (e envelope) frame() []byte {
	body := fields{}.
		fixed64(1, e.id).
		bytes(2, []byte(e.kind)).
		fixed64(3, e.created).
		uint(6, e.sequence).
		uint(7, e.incarnation).
		bytes(8, e.payload)
	return protowire.AppendBytes(nil, body)
}

// readEnvelope reads the next frame. Any error but io.EOF is a violation of the protocol, or a
// stream that broke.
func readEnvelope(stream *bufio.Reader) (envelope, error) {
	length, err := readLength(stream)
	if err != nil {
		return envelope{}, err
	}
	if length > longestEnvelope {
		return envelope{}, fmt.Errorf("an envelope of %d bytes", length)
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(stream, body); err != nil {
		return envelope{}, errors.Join(io.ErrUnexpectedEOF, err)
	}
	found, err := read(body)
	if err != nil {
		return envelope{}, err
	}
	read := envelope{
		id:          found.numbers[1],
		kind:        string(found.bytes[2]),
		created:     found.numbers[3],
		sequence:    found.numbers[6],
		incarnation: found.numbers[7],
		payload:     found.bytes[8],
	}
	if size := len(read.kind); size < 1 || size > longestKind {
		return envelope{}, fmt.Errorf("a kind of %d bytes", size)
	}
	if size := len(read.payload); size > longestPayload {
		return envelope{}, fmt.Errorf("a payload of %d bytes", size)
	}
	return read, checkTrace(found.bytes[5])
}

// checkTrace is an error unless the trace is absent, or has both ids.
func checkTrace(trace []byte) error {
	if trace == nil {
		return nil
	}
	ids, err := read(trace)
	if err != nil {
		return err
	}
	for tag, length := range map[protowire.Number]int{1: 16, 2: 8} {
		id := ids.bytes[tag]
		if len(id) != length || bytes.Count(id, []byte{0}) == length {
			return fmt.Errorf("a trace with the id %x", id)
		}
	}
	return nil
}

func readLength(stream *bufio.Reader) (uint64, error) {
	var prefix []byte
	for len(prefix) < longestPrefix {
		next, err := stream.ReadByte()
		if err != nil {
			return 0, err
		}
		prefix = append(prefix, next)
		if next >= 0x80 {
			continue
		}
		if next == 0 && len(prefix) > 1 {
			return 0, errors.New("a length with a superfluous byte")
		}
		length, _ := protowire.ConsumeVarint(prefix)
		return length, nil
	}
	return 0, fmt.Errorf("a length of more than %d bytes", longestPrefix)
}
