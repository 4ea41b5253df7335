package main

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// The ways to another peer: docs/nat.md.
const (
	directWay   = "direct"
	reversedWay = "reversed"
	punchedWay  = "punched"
	relayedWay  = "relayed"
)

const connected = "connected"

// leg is a way that was tried.
type leg struct {
	How     string  `json:"how"`
	Seconds float64 `json:"seconds"`
	// Outcome is empty while it is tried.
	Outcome string `json:"outcome"`
	// stood is how long after the first leg it ended.
	stood float64
	began time.Time
}

// legs are the ways of a race.
type legs struct {
	mutex sync.Mutex
	all   []leg
}

// begin returns the number of the leg.
func (l *legs) begin(how string) int {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.all = append(l.all, leg{How: how, began: time.Now()})
	return len(l.all) - 1
}

// ended ends a leg: it has connected, unless there is an error.
func (l *legs) ended(number int, err error) {
	outcome := connected
	if err != nil {
		outcome = err.Error()
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.all[number].end(outcome, l.all[0].began)
}

func (l *leg) end(outcome string, begun time.Time) {
	l.Outcome = outcome
	l.Seconds = time.Since(l.began).Seconds()
	l.stood = time.Since(begun).Seconds()
}

// end returns the legs when one way has won.
func (l *legs) end(won string) []leg {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	all := append([]leg{}, l.all...)
	for at := range all {
		open := all[at].Outcome == ""
		if open {
			all[at].end("another way was faster", all[0].began)
		}
		if all[at].How == won {
			all[at].Outcome = connected
		}
	}
	return all
}

// why is why nothing was reached.
func (l *legs) why() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	var all []string
	for _, leg := range l.all {
		all = append(all, fmt.Sprintf("%s: %s", leg.How, leg.Outcome))
	}
	return strings.Join(all, "; ")
}

// relayed is when the connection over the hub stood, or nil.
func relayed(all []leg) *float64 {
	for _, leg := range all {
		if leg.How == relayedWay && leg.Outcome == connected {
			return &leg.stood
		}
	}
	return nil
}
