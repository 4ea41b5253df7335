#!/usr/bin/env python3
"""A counter that each program has a copy of: how much each program has added, and how much it has
taken away. Both only grow, so the larger is the newer. The argument is a mistake that students make:
once, again or one-number."""

import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.realpath(__file__)), "../.."))
from node import Node

BUG = (sys.argv[1:] or [None])[0]


class Counter(Node):
    def ready(self):
        self.added = {node: 0 for node in self.ids}
        self.taken = {node: 0 for node in self.ids}
        self.open = {other: {} for other in self.others()}
        self.count = 0
        if BUG == "again":
            self.every(0.5, self.tell_open)
        elif BUG != "once":
            self.every(0.2, self.tell_all)

    def on_add(self, message, body):
        delta = body["delta"]
        if BUG == "one-number" or delta > 0:
            self.added[self.id] += delta
        else:
            self.taken[self.id] -= delta
        if BUG in ("once", "again"):
            self.count += 1
            for other in self.others():
                self.open[other][self.count] = delta
                self.tell_delta(other, self.count, delta)
        self.reply(message, {"type": "add_ok"})

    def on_read(self, message, _):
        value = sum(self.added.values()) - sum(self.taken.values())
        self.reply(message, {"type": "read_ok", "value": value})

    def on_tell(self, _, body):
        for mine, theirs in ((self.added, body["added"]), (self.taken, body["taken"])):
            for node, value in theirs.items():
                mine[node] = max(mine[node], value)

    def tell_all(self):
        for other in self.others():
            self.send(other, {"type": "tell", "added": self.added, "taken": self.taken})

    # The mistakes: what is added is told, and not the sums.

    def on_delta(self, message, body):
        self.added[message["src"]] += body["delta"]
        self.reply(message, {"type": "delta_ok"})

    def tell_delta(self, other, number, delta):
        def told(_):
            self.open[other].pop(number, None)

        self.ask(other, {"type": "delta", "delta": delta}, told)

    def tell_open(self):
        for other, missing in self.open.items():
            for number, delta in list(missing.items()):
                self.tell_delta(other, number, delta)


Counter().run()
