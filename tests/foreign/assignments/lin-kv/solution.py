#!/usr/bin/env python3
"""Registers on a log that a majority has: Raft, after Ongaro and Ousterhout, "In Search of an
Understandable Consensus Algorithm" (USENIX ATC 2014), without storage, since nothing is killed here.
The argument is a mistake that students make: leader-reads, any-reads or early."""

import random
import time
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.realpath(__file__)), "../.."))
from node import Node

BUG = (sys.argv[1:] or [None])[0]

HEARTBEAT, ELECTION = 0.1, 0.8
UNAVAILABLE = {"type": "error", "code": 11, "text": "there is no leader"}


class Raft(Node):
    def ready(self):
        self.term, self.voted, self.leader, self.votes = 0, None, None, set()
        self.log = [{"term": 0, "op": None}]
        self.commit, self.applied, self.store = 0, 0, {}
        self.next, self.match, self.waiting_for = {}, {}, {}
        # The first program asks for votes first.
        first = 0.2 if self.id == self.ids[0] else 3 * ELECTION
        self.deadline = time.monotonic() + first
        self.every(HEARTBEAT, self.tick)

    # Clients.

    def on_read(self, message, body):
        op = {key: body[key] for key in body if key != "msg_id"}
        if BUG == "any-reads" or (BUG == "leader-reads" and self.leader == self.id):
            return self.reply(message, self.execute(op))
        if self.leader == self.id:
            return self.append(op, lambda answer: self.reply(message, answer))
        if self.leader is None:
            return self.reply(message, UNAVAILABLE)
        self.ask(
            self.leader,
            {"type": "forward", "op": op},
            lambda answer: self.reply(message, answer["answer"]),
        )

    on_write = on_cas = on_read

    def on_forward(self, message, body):
        def then(answer):
            self.reply(message, {"type": "forward_ok", "answer": answer})

        op = body["op"]
        if self.leader != self.id:
            return then(UNAVAILABLE)
        if BUG == "leader-reads" and op["type"] == "read":
            return then(self.execute(op))
        self.append(op, then)

    def append(self, op, then):
        self.log.append({"term": self.term, "op": op})
        if BUG == "early" and op["type"] == "write":
            then({"type": "write_ok"})
        else:
            self.waiting_for[len(self.log) - 1] = (self.term, then)
        self.replicate()

    def execute(self, op):
        key, value = str(op["key"]), self.store.get(str(op["key"]))
        match op["type"]:
            case "write":
                self.store[key] = op["value"]
                return {"type": "write_ok"}
            case _ if value is None:
                return {"type": "error", "code": 20, "text": "there is no such key"}
            case "read":
                return {"type": "read_ok", "value": value}
            case _ if value != op["from"]:
                return {"type": "error", "code": 22, "text": "it has another value"}
        self.store[key] = op["to"]
        return {"type": "cas_ok"}

    def apply(self):
        while self.applied < self.commit:
            self.applied += 1
            entry = self.log[self.applied]
            answer = self.execute(entry["op"])
            term, then = self.waiting_for.pop(self.applied, (None, None))
            if term == entry["term"]:
                then(answer)

    # Elections.

    def tick(self):
        if self.leader == self.id:
            return self.replicate()
        if time.monotonic() > self.deadline:
            self.step_down(self.term + 1)
            self.voted, self.votes = self.id, {self.id}
            last = len(self.log) - 1
            body = {"type": "vote", "term": self.term, "last": last, "last_term": self.log[last]["term"]}
            for other in self.others():
                self.ask(other, body, lambda answer, other=other: self.on_voted(other, answer))

    def step_down(self, term):
        if term > self.term:
            self.term, self.voted = term, None
        self.leader = None
        self.deadline = time.monotonic() + ELECTION * (1 + random.random())

    def on_vote(self, message, body):
        if body["term"] > self.term:
            self.step_down(body["term"])
        last = len(self.log) - 1
        is_newer = (body["last_term"], body["last"]) >= (self.log[last]["term"], last)
        granted = body["term"] == self.term and self.voted in (None, message["src"]) and is_newer
        if granted:
            self.voted = message["src"]
            self.step_down(self.term)
        self.reply(message, {"type": "vote_ok", "term": self.term, "granted": granted})

    def on_voted(self, other, answer):
        if answer["term"] > self.term:
            return self.step_down(answer["term"])
        if answer["term"] < self.term or not answer["granted"] or self.voted != self.id:
            return
        self.votes.add(other)
        if self.leader is None and len(self.votes) > len(self.ids) // 2:
            self.leader = self.id
            self.next = {other: len(self.log) for other in self.others()}
            self.match = {other: 0 for other in self.others()}
            # What earlier terms left is committed with an entry of this one.
            self.append({"type": "write", "key": "term", "value": self.term}, lambda _: None)

    # The log.

    def replicate(self):
        for other in self.others():
            start = self.next[other]
            body = {"type": "append", "term": self.term, "before": start - 1}
            body |= {"before_term": self.log[start - 1]["term"], "commit": self.commit}
            body["entries"] = self.log[start : start + 100]
            self.ask(other, body, lambda answer, other=other: self.on_appended(other, answer))

    def on_append(self, message, body):
        if body["term"] < self.term:
            return self.reply(message, {"type": "append_ok", "term": self.term, "has": None})
        self.step_down(body["term"])
        self.leader, has = message["src"], None
        before, entries = body["before"], body["entries"]
        if before < len(self.log) and self.log[before]["term"] == body["before_term"]:
            for at, entry in enumerate(entries, before + 1):
                if at < len(self.log) and self.log[at]["term"] != entry["term"]:
                    del self.log[at:]
                if at == len(self.log):
                    self.log.append(entry)
            has = before + len(entries)
            self.commit = max(self.commit, min(body["commit"], has))
            self.apply()
        self.reply(message, {"type": "append_ok", "term": self.term, "has": has})

    def on_appended(self, other, answer):
        if answer["term"] > self.term:
            return self.step_down(answer["term"])
        if self.leader != self.id or answer["term"] < self.term:
            return
        if answer["has"] is None:
            self.next[other] = max(1, self.next[other] - 10)
            return
        self.match[other] = max(self.match[other], answer["has"])
        self.next[other] = self.match[other] + 1
        middle = sorted([*self.match.values(), len(self.log) - 1])[(len(self.ids) - 1) // 2]
        if middle > self.commit and self.log[middle]["term"] == self.term:
            self.commit = middle
            self.apply()


Raft().run()
