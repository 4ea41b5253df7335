// Makes up ids. The argument no-name is a mistake that students make: each program counts.
package main

import (
	"bufio"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"log"
	"os"
)

type body = map[string]any

type message struct {
	Src  string `json:"src"`
	Dest string `json:"dest"`
	Body body   `json:"body"`
}

var count int

func makeUp() any {
	count++
	if len(os.Args) > 1 && os.Args[1] == "no-name" {
		return count
	}
	var bytes [16]byte
	if _, err := rand.Read(bytes[:]); err != nil {
		log.Fatal(err)
	}
	return hex.EncodeToString(bytes[:])
}

func main() {
	var id string
	output := json.NewEncoder(os.Stdout)
	for input := json.NewDecoder(bufio.NewReader(os.Stdin)); ; {
		var got message
		if err := input.Decode(&got); err != nil {
			log.Fatal(err)
		}
		answer := body{"in_reply_to": got.Body["msg_id"]}
		switch got.Body["type"] {
		case "init":
			id = got.Body["node_id"].(string)
			answer["type"] = "init_ok"
		case "generate":
			answer["type"], answer["id"] = "generate_ok", makeUp()
		default:
			continue
		}
		output.Encode(message{id, got.Src, answer})
	}
}
