#!/usr/bin/env python3
"""election: the votes of a majority make a leader of a term, as in Raft. The wrong ones
are the leader of term 1, each of them."""

import json
import random
import sys
import time

from node import Node

BEAT = 0.05


class Election(Node):
    def ready(self):
        self.term, self.voted, self.leader = 0, None, None
        self.votes, self.heard, self.patience = set(), time.monotonic(), self.draw()
        if "wrong" in sys.argv:
            self.term, self.leader = 1, self.id
        self.every(BEAT, self.beat)

    def draw(self):
        return BEAT * random.uniform(4, 10)

    def hear(self, term):
        if term > self.term:
            self.term, self.voted, self.leader, self.votes = term, None, None, set()

    def show(self):
        state = {"term": self.term, "leader": self.leader, "votes": len(self.votes)}
        print(json.dumps({"state": state}), file=sys.stderr, flush=True)

    def beat(self):
        self.show()
        if self.leader == self.id:
            for other in self.others():
                self.send(other, {"type": "leads", "term": self.term})
        elif time.monotonic() - self.heard > self.patience:
            self.stand()

    def stand(self):
        self.hear(self.term + 1)
        self.heard, self.patience = time.monotonic(), self.draw()
        self.voted, self.votes = self.id, {self.id}
        for other in self.others():
            self.send(other, {"type": "vote_for_me", "term": self.term})
        self.count()

    def count(self):
        if 2 * len(self.votes) > len(self.ids):
            self.leader = self.id
            self.beat()

    def on_vote_for_me(self, message, body):
        self.hear(body["term"])
        if body["term"] == self.term and self.voted in (None, message["src"]):
            self.voted, self.heard = message["src"], time.monotonic()
            self.send(message["src"], {"type": "vote", "term": self.term})

    def on_vote(self, message, body):
        if body["term"] == self.term and self.voted == self.id and not self.leader:
            self.votes.add(message["src"])
            self.count()

    def on_leads(self, message, body):
        self.hear(body["term"])
        if body["term"] == self.term and self.leader in (None, message["src"]):
            self.leader, self.heard = message["src"], time.monotonic()

    def on_leader(self, message, _):
        if self.leader is None:
            return self.reply(message, {"type": "error", "code": 11, "text": "there is none"})
        self.reply(message, {"type": "leader_ok", "leader": self.leader, "term": self.term})


Election().run()
