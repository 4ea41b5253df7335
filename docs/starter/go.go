// A program for `testbed program`: it answers echo. Add your own types of messages to it.
// Build it with `go build -o echo go.go`.
package main

import (
	"bufio"
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

var (
	nodeID  string
	nodeIDs []any
	lastID  int
	output  = json.NewEncoder(os.Stdout)
)

// send writes one JSON object on a line.
func send(dest string, what body) { output.Encode(message{nodeID, dest, what}) }

// ask sends a message that is to be answered, with a number.
func ask(dest string, what body) {
	lastID++
	what["msg_id"] = lastID
	send(dest, what)
}

func reply(request message, what body) {
	what["in_reply_to"] = request.Body["msg_id"]
	send(request.Src, what)
}

func main() {
	// Lines may be long, and standard error is for everything else.
	for input := json.NewDecoder(bufio.NewReader(os.Stdin)); ; {
		var got message
		if err := input.Decode(&got); err != nil {
			log.Fatal(err)
		}
		switch got.Body["type"] {
		case "init":
			nodeID = got.Body["node_id"].(string)
			nodeIDs = got.Body["node_ids"].([]any)
			reply(got, body{"type": "init_ok"})
		case "echo":
			reply(got, body{"type": "echo_ok", "echo": got.Body["echo"]})
		}
	}
}
