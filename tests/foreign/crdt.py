#!/usr/bin/env python3
"""g-set, g-counter and pn-counter: each tells the others all that it knows, now and then."""

import sys

from node import Node


class Crdt(Node):
    def ready(self):
        # What each node has added, and how often.
        self.known = {node: {} for node in self.ids}
        self.count = 0
        if "wrong" not in sys.argv:
            self.every(0.2, self.tell_all)

    def on_add(self, message, body):
        self.count += 1
        self.known[self.id][str(self.count)] = body.get("element", body.get("delta"))
        self.reply(message, {"type": "add_ok"})

    def on_read(self, message, _):
        all_of_it = [value for added in self.known.values() for value in added.values()]
        is_set = "set" in sys.argv
        self.reply(message, {"type": "read_ok", "value": all_of_it if is_set else sum(all_of_it)})

    def on_tell(self, _, body):
        for node, added in body["known"].items():
            self.known[node] |= added

    def tell_all(self):
        for other in self.others():
            self.send(other, {"type": "tell", "known": self.known})


Crdt().run()
