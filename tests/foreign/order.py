#!/usr/bin/env python3
"""total-order-broadcast: n0 numbers the messages. The wrong ones deliver them as they come."""

import sys

from node import Node


class Order(Node):
    def ready(self):
        self.delivered, self.early, self.next = [], {}, 0

    def on_broadcast(self, message, body):
        if "wrong" in sys.argv:
            self.delivered.append(body["message"])
            for other in self.others():
                self.send(other, {"type": "deliver", "at": None, "message": body["message"]})
        elif self.id == "n0":
            for one in self.ids:
                self.send(one, {"type": "deliver", "at": self.next, "message": body["message"]})
            self.next += 1
        else:
            return self.ask("n0", {"type": "broadcast", "message": body["message"]},
                            lambda _: self.reply(message, {"type": "broadcast_ok"}))
        self.reply(message, {"type": "broadcast_ok"})

    def on_deliver(self, _, body):
        if body["at"] is None:
            return self.delivered.append(body["message"])
        self.early[body["at"]] = body["message"]
        while len(self.delivered) in self.early:
            self.delivered.append(self.early.pop(len(self.delivered)))

    def on_read(self, message, _):
        self.reply(message, {"type": "read_ok", "messages": self.delivered})


Order().run()
