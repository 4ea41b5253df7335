#!/usr/bin/env python3
"""Tells all others what is new, and again until they say that they have it."""

import sys

from node import Node


class Broadcast(Node):
    def ready(self):
        self.seen, self.open = set(), {other: set() for other in self.others()}
        # The wrong one tells each once, and forgets it.
        if "wrong" not in sys.argv:
            self.every(0.2, self.tell_all)

    def on_topology(self, message, _):
        self.reply(message, {"type": "topology_ok"})

    def on_broadcast(self, message, body):
        self.seen.add(body["message"])
        for other in self.open:
            self.open[other].add(body["message"])
            self.tell(other, {body["message"]})
        self.reply(message, {"type": "broadcast_ok"})

    def on_read(self, message, _):
        self.reply(message, {"type": "read_ok", "messages": sorted(self.seen)})

    def on_tell(self, message, body):
        self.seen |= set(body["all"])
        self.reply(message, {"type": "tell_ok"})

    def tell(self, other, some):
        def told(_):
            self.open[other] -= some

        self.ask(other, {"type": "tell", "all": sorted(some)}, told)

    def tell_all(self):
        for other, missing in self.open.items():
            if missing:
                self.tell(other, set(missing))


Broadcast().run()
