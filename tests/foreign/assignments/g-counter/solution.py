#!/usr/bin/env python3
"""A counter in seq-kv: each program has a key of its own there, which it alone writes. The argument
is a mistake that students make: no-cas, twice or stale."""

import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.realpath(__file__)), "../.."))
from node import Node

BUG = (sys.argv[1:] or [None])[0]

SHARED = "counter"
# The mistakes have one key that all programs change.
IS_SHARED = BUG is not None


class Counter(Node):
    def ready(self):
        self.total, self.count = 0, 0

    def on_add(self, message, body):
        def done(_):
            self.reply(message, {"type": "add_ok"})

        if IS_SHARED:
            return self.add_to_shared(body["delta"], done)
        self.total += body["delta"]
        self.put(self.id, self.total, done)

    def on_read(self, message, _):
        def read(__):
            self.add_up(message, [SHARED] if IS_SHARED else self.ids)

        if BUG == "stale":
            return read(None)
        # A program sees no state that is older than what it has written.
        self.count += 1
        self.put("read by " + self.id, self.count, read)

    def add_up(self, message, keys):
        values = []

        def got(value):
            values.append(value)
            if len(values) == len(keys):
                self.reply(message, {"type": "read_ok", "value": sum(values)})

        for key in keys:
            self.get(key, got)

    def get(self, key, then):
        # The only error is that there is no such key.
        self.ask("seq-kv", {"type": "read", "key": key}, lambda answer: then(answer.get("value", 0)))

    def put(self, key, value, then):
        self.ask("seq-kv", {"type": "write", "key": key, "value": value}, then)

    def add_to_shared(self, delta, done):
        is_done = []

        def answered(answer):
            if is_done:
                return
            if answer["type"] == "error":
                return again()
            is_done.append(True)
            done(answer)

        def again():
            self.get(SHARED, change)

        def change(value):
            if BUG == "no-cas":
                return self.put(SHARED, value + delta, answered)
            cas = {"type": "cas", "key": SHARED, "from": value, "to": value + delta}
            self.ask("seq-kv", cas | {"create_if_not_exists": True}, answered)

        def patience():
            # It may have been done: then it is done twice.
            if not is_done:
                again()
                self.after(0.3, patience)

        again()
        if BUG == "twice":
            self.after(0.3, patience)

    def after(self, seconds, call):
        def once():
            self.timers.remove(timer)
            call()

        self.every(seconds, once)
        timer = self.timers[-1]


Counter().run()
