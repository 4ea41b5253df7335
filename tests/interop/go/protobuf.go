package main

import (
	"errors"

	"google.golang.org/protobuf/encoding/protowire"
)

// fields are those of a protobuf message, in the order in which they are added.
type fields []byte

// uint adds an integer. Zero is absent, as in protobuf 3.
func (f fields) uint(tag protowire.Number, value uint64) fields {
	if value == 0 {
		return f
	}
	return protowire.AppendVarint(protowire.AppendTag(f, tag, protowire.VarintType), value)
}

func (f fields) fixed64(tag protowire.Number, value uint64) fields {
	if value == 0 {
		return f
	}
	return protowire.AppendFixed64(protowire.AppendTag(f, tag, protowire.Fixed64Type), value)
}

func (f fields) bytes(tag protowire.Number, value []byte) fields {
	if len(value) == 0 {
		return f
	}
	return f.message(tag, value)
}

// message adds a message, which may be empty.
func (f fields) message(tag protowire.Number, inner fields) fields {
	return protowire.AppendBytes(protowire.AppendTag(f, tag, protowire.BytesType), inner)
}

// values are the fields of a message that was read: the last of each tag.
type values struct {
	numbers map[protowire.Number]uint64
	bytes   map[protowire.Number][]byte
	// first is the first tag, or 0.
	first protowire.Number
}

var errNoMessage = errors.New("not a protobuf message")

// read reads a message. Its numbers are varints or fixed64; other types are skipped.
func read(message []byte) (values, error) {
	found := values{
		numbers: map[protowire.Number]uint64{},
		bytes:   map[protowire.Number][]byte{},
	}
	for len(message) > 0 {
		tag, kind, length := protowire.ConsumeTag(message)
		if length < 0 {
			return values{}, errNoMessage
		}
		message = message[length:]
		if found.first == 0 {
			found.first = tag
		}
		switch kind {
		case protowire.VarintType:
			found.numbers[tag], length = protowire.ConsumeVarint(message)
		case protowire.Fixed64Type:
			found.numbers[tag], length = protowire.ConsumeFixed64(message)
		case protowire.BytesType:
			found.bytes[tag], length = protowire.ConsumeBytes(message)
		default:
			length = protowire.ConsumeFieldValue(tag, kind, message)
		}
		if length < 0 {
			return values{}, errNoMessage
		}
		message = message[length:]
	}
	return found, nil
}

// inner reads the message in a field. One that is absent is empty.
func (v values) inner(tag protowire.Number) (values, error) {
	return read(v.bytes[tag])
}
