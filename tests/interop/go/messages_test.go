package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
)

// vectors are the lines of JSON on a page that have a key.
func vectors[T any](t *testing.T, page, key string) []T {
	t.Helper()
	text, err := os.ReadFile("../../../docs/" + page)
	if err != nil {
		t.Fatal(err)
	}
	var all []T
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "{") || !strings.Contains(line, `"`+key+`"`) {
			continue
		}
		var one T
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		all = append(all, one)
	}
	if len(all) < 2 {
		t.Fatalf("%s has %d vectors", page, len(all))
	}
	return all
}

func bytesOf(t *testing.T, text string) []byte {
	t.Helper()
	bytes, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return bytes
}

func TestMessages(t *testing.T) {
	type vector struct{ Kind, Payload string }
	seed := bytes.Repeat([]byte{0xab}, 16)
	session := fields{}.uint(1, 7).bytes(2, seed)
	abc := parcel(3, "peer-04", []byte("abc"))
	inner := map[kind]fields{
		newSession: fields{}.uint(1, version),
		proof:      fields{}.uint(1, 7).uint(2, 20).uint(3, 300).bytes(4, seed),
		register:   fields{}.message(1, session),
		stay:       nil,
		call:       abc,
		answer:     abc,
		reverse:    abc,
	}
	all := vectors[vector](t, "hub-protocol.md", "payload")
	for kind, fields := range inner {
		written := hex.EncodeToString(kind.payload(fields))
		is := func(one vector) bool { return one.Kind == names[kind] && one.Payload == written }
		found := false
		for _, one := range all {
			found = found || is(one)
		}
		if !found {
			t.Errorf("%s: no vector is %s", names[kind], written)
		}
	}
	for _, one := range all {
		got, inner, err := decode(bytesOf(t, one.Payload))
		if name, known := names[got]; err != nil || known && name != one.Kind {
			t.Errorf("%s: %s, %v", one.Kind, name, err)
		}
		if got == challenged && !reflect.DeepEqual(inner.bytes[3], seed) {
			t.Errorf("%s: %v", one.Kind, inner)
		}
		if got == refused && codeOf(inner) == 0 {
			t.Errorf("%s: no code", one.Payload)
		}
	}
}

func TestProofs(t *testing.T) {
	type vector struct {
		Node, Hub, Seed, Hash string
		Epoch, Bits, Nonce    uint64
	}
	for _, one := range vectors[vector](t, "hub-protocol.md", "hash") {
		puzzle := challenge{one.Node, one.Hub, one.Epoch, one.Bits, bytesOf(t, one.Seed)}
		if hash := puzzle.hash(one.Nonce); hex.EncodeToString(hash[:]) != one.Hash {
			t.Errorf("%d bits: %x", one.Bits, hash)
		}
		if nonce, err := puzzle.solve(); err != nil || nonce != one.Nonce {
			t.Errorf("%d bits: %d, %v", one.Bits, nonce, err)
		}
	}
}

func TestFrames(t *testing.T) {
	type vector struct {
		Name, Frame, Kind, Payload string
		ID                         uint64
		Created                    uint64 `json:"created_unix_nano"`
		Deadline                   *uint64
		Trace                      any
		Sequence, Incarnation      uint64
	}
	for _, one := range vectors[vector](t, "channel-protocol.md", "frame") {
		frame := bytesOf(t, one.Frame)
		got, err := readEnvelope(bufio.NewReader(bytes.NewReader(frame)))
		if one.Kind == "" {
			// Those that a receiver refuses.
			if err == nil {
				t.Errorf("%s: %v", one.Name, got)
			}
			continue
		}
		want := envelope{one.ID, one.Kind, one.Created, one.Sequence, one.Incarnation, bytesOf(t, one.Payload)}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, %v", one.Name, got, err)
		}
		if one.Trace == nil && !bytes.Equal(want.frame(), frame) {
			t.Errorf("%s: %x", one.Name, want.frame())
		}
	}
}
