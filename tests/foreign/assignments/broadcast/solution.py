#!/usr/bin/env python3
"""Tells its neighbours what is new, and again until they say that they have it. The argument is a
mistake that students make: no-retries, all-the-time or twice."""

import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.realpath(__file__)), "../.."))
from node import Node

BUG = (sys.argv[1:] or [None])[0]


class Broadcast(Node):
    def ready(self):
        self.seen = []
        # What each neighbour has not said that it has.
        self.open = {}
        if BUG == "all-the-time":
            self.every(0.05, self.tell_all_to_all)
        elif BUG != "no-retries":
            self.every(0.5, self.tell_all)

    def on_topology(self, message, body):
        self.open = {other: set(self.seen) for other in body["topology"][self.id]}
        self.tell_all()
        self.reply(message, {"type": "topology_ok"})

    def on_broadcast(self, message, body):
        self.add([body["message"]], None)
        self.reply(message, {"type": "broadcast_ok"})

    def on_read(self, message, _):
        self.reply(message, {"type": "read_ok", "messages": self.seen})

    def on_tell(self, message, body):
        self.add(body["all"], message["src"])
        if BUG != "all-the-time":
            self.reply(message, {"type": "tell_ok"})

    def add(self, all, sender):
        new = [one for one in all if one not in self.seen]
        self.seen += all if BUG == "twice" else new
        for other in self.open:
            if new and other != sender and BUG != "all-the-time":
                self.open[other] |= set(new)
                self.tell(other, set(new))

    def tell(self, other, some):
        def told(_):
            self.open[other] -= some

        self.ask(other, {"type": "tell", "all": sorted(some)}, told)

    def tell_all(self):
        for other, missing in self.open.items():
            if missing:
                self.tell(other, set(missing))

    def tell_all_to_all(self):
        for other in self.open:
            self.send(other, {"type": "tell", "all": self.seen})


Broadcast().run()
