package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
)

// options are the arguments, checked.
type options struct {
	hub       peer.AddrInfo
	listen    ma.Multiaddr
	key       crypto.PrivKey
	stdin     bool
	punches   bool
	mapsPorts bool
}

func parse(args []string) (options, error) {
	flags := flag.NewFlagSet("go-libp2p-peer", flag.ExitOnError)
	via := flags.String("via", "", "the hub's address, which ends in /p2p/...")
	listen := flags.String("listen", "/ip4/0.0.0.0/tcp/0", "where to listen")
	stdin := flags.Bool("stdin", false, "carry out commands of standard input, and end with it")
	seed := flags.String("seed", "", "where the key comes from; a new key each time unless it is set")
	noPunching := flags.Bool("no-punching", false, "punch no holes")
	upnp := flags.Bool("upnp", false, "ask the router to map the port")
	for _, ignored := range []string{"protocols", "name", "otlp"} {
		flags.String(ignored, "", "ignored")
	}
	// It exits by itself.
	_ = flags.Parse(args)
	if flags.NArg() > 0 {
		return options{}, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if *via == "" {
		return options{}, errors.New("--via is missing: the address of a hub")
	}
	hub, err := peer.AddrInfoFromString(*via)
	if err != nil {
		return options{}, fmt.Errorf("--via %s: %w", *via, err)
	}
	address, err := ma.NewMultiaddr(*listen)
	if err != nil {
		return options{}, fmt.Errorf("--listen %s: %w", *listen, err)
	}
	key, err := keyOf(*seed)
	if err != nil {
		return options{}, err
	}
	return options{
		hub:       *hub,
		listen:    address,
		key:       key,
		stdin:     *stdin,
		punches:   !*noPunching,
		mapsPorts: *upnp,
	}, nil
}

// keyOf is the same for the same seed.
func keyOf(seed string) (crypto.PrivKey, error) {
	if seed != "" {
		bytes := sha256.Sum256([]byte("go-libp2p peer " + seed))
		key := ed25519.NewKeyFromSeed(bytes[:])
		return crypto.UnmarshalEd25519PrivateKey(key)
	}
	key, _, err := crypto.GenerateEd25519Key(rand.Reader)
	return key, err
}
