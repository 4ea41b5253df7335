#!/usr/bin/env python3
"""A set in a file, which outlives a program that is killed. What is new is told to the others until
they say that they have stored it. The argument is a mistake that students make: memory, unflushed or
own-only."""

import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.realpath(__file__)), "../.."))
from node import Node

BUG = (sys.argv[1:] or [None])[0]

FILE = "elements"


class Store(Node):
    def ready(self):
        self.all = set()
        if BUG != "memory" and os.path.exists(FILE):
            with open(FILE, encoding="ascii") as file:
                # The last line may be cut off: then it was not acknowledged.
                self.all = {int(line) for line in file.read().split("\n")[:-1]}
        self.file = open(FILE, "a", encoding="ascii")
        # It does not know what the others have.
        self.open = {other: set(self.all) for other in self.others()}
        self.every(0.2, self.tell_all)

    def store(self, some, is_own):
        new = set(some) - self.all
        self.all |= new
        if BUG == "memory" or (BUG == "own-only" and not is_own):
            return new
        self.file.writelines(f"{one}\n" for one in new)
        if BUG != "unflushed":
            self.file.flush()
            os.fsync(self.file.fileno())
        return new

    def on_add(self, message, body):
        new = self.store([body["element"]], True)
        for other in self.open:
            self.open[other] |= new
        self.reply(message, {"type": "add_ok"})

    def on_read(self, message, _):
        self.reply(message, {"type": "read_ok", "value": sorted(self.all)})

    def on_tell(self, message, body):
        self.store(body["all"], False)
        self.reply(message, {"type": "tell_ok"})

    def tell_all(self):
        for other, missing in self.open.items():
            if missing:
                self.tell(other, set(missing))

    def tell(self, other, some):
        def told(_):
            self.open[other] -= some

        self.ask(other, {"type": "tell", "all": sorted(some)}, told)


Store().run()
