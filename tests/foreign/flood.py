#!/usr/bin/env python3
"""broadcast: passes on what is new, to all neighbours but the one it came from."""

from node import Node


class Flood(Node):
    def ready(self):
        self.seen, self.neighbours = set(), []

    def on_topology(self, message, body):
        self.neighbours = body["topology"][self.id]
        self.reply(message, {"type": "topology_ok"})

    def take(self, new, source):
        if new not in self.seen:
            self.seen.add(new)
            for other in self.neighbours:
                if other != source:
                    self.send(other, {"type": "pass_on", "message": new})

    def on_broadcast(self, message, body):
        self.take(body["message"], None)
        self.reply(message, {"type": "broadcast_ok"})

    def on_pass_on(self, message, body):
        self.take(body["message"], message["src"])

    def on_read(self, message, _):
        self.reply(message, {"type": "read_ok", "messages": sorted(self.seen)})


Flood().run()
