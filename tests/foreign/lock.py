#!/usr/bin/env python3
"""mutex: n0 has a queue of those who want the lock. The wrong ones have a queue each."""

import sys
from collections import deque

from node import Node


class Lock(Node):
    def ready(self):
        self.queue = deque()

    def grant(self):
        if self.queue:
            _, message = self.queue[0]
            self.reply(message, {"type": "lock_ok"})

    def pass_on(self, message, body):
        if self.id == "n0" or "wrong" in sys.argv:
            return False
        self.ask("n0", {"type": body["type"], "holder": body["holder"]},
                 lambda answer: self.reply(message, {"type": answer["type"]}))
        return True

    def on_lock(self, message, body):
        if self.pass_on(message, body):
            return
        self.queue.append((body["holder"], message))
        if len(self.queue) == 1:
            self.grant()

    def on_unlock(self, message, body):
        if self.pass_on(message, body):
            return
        first = self.queue[0][0] if self.queue else None
        self.queue = deque(one for one in self.queue if one[0] != body["holder"])
        self.reply(message, {"type": "unlock_ok"})
        if first == body["holder"]:
            self.grant()


Lock().run()
