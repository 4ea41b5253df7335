package main

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/bits"
)

// mostBits is how many zero bits this peer works for: 2^24 hashes take seconds.
const mostBits = 24

// challenge is a hub's, and whose proof of work it asks for.
type challenge struct {
	// peer and hub are PeerIds as texts.
	peer, hub   string
	epoch, bits uint64
	seed        []byte
}

// hash is SHA-256 of the challenge and a nonce.
func (c challenge) hash(nonce uint64) [sha256.Size]byte {
	var hashed []byte
	for _, name := range []string{c.peer, c.hub} {
		hashed = binary.BigEndian.AppendUint32(hashed, uint32(len(name)))
		hashed = append(hashed, name...)
	}
	hashed = binary.BigEndian.AppendUint64(hashed, c.epoch)
	hashed = binary.BigEndian.AppendUint32(hashed, uint32(c.bits))
	hashed = append(hashed, c.seed...)
	return sha256.Sum256(binary.BigEndian.AppendUint64(hashed, nonce))
}

// solve is the first nonce whose hash begins with enough zero bits.
func (c challenge) solve() (uint64, error) {
	if c.bits > mostBits {
		return 0, fmt.Errorf("a proof of %d bits; %d are the most", c.bits, mostBits)
	}
	for nonce := uint64(0); ; nonce++ {
		hash := c.hash(nonce)
		if uint64(bits.LeadingZeros64(binary.BigEndian.Uint64(hash[:8]))) >= c.bits {
			return nonce, nil
		}
	}
}
