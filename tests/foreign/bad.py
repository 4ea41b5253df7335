#!/usr/bin/env python3
"""Does what no program should; which of it, the argument says."""

import os
import sys
import time

from node import Node

HOW = sys.argv[1]


class Bad(Node):
    def on_init(self, message, body):
        if HOW == "ignores-init":
            return
        if HOW == "exits-at-once":
            print("no more", file=sys.stderr)
            sys.exit(7)
        if HOW == "prints-early":
            print("starting", flush=True)
        super().on_init(message, body)
        if HOW == "leaves-a-child" and os.fork() == 0:
            os.setsid()
            time.sleep(600)

    def on_echo(self, message, body):
        if HOW == "prints":
            print("debugging", flush=True)
        if HOW == "somebody-else":
            self.id = "n99"
        if HOW == "nobody":
            self.send("n99", {"type": "hello"})
        while HOW == "floods":
            self.send("n99", {"type": "hello"})
        if HOW == "long":
            print("x" * (2 << 20), flush=True)
        if HOW == "exits-later":
            sys.exit("that was too much")
        if HOW == "wrong-type":
            return self.reply(message, {"type": "echoed"})
        if HOW == "closes-its-output":
            os.close(1)
            time.sleep(600)
        self.reply(message, {"type": "echo_ok", "echo": body["echo"]})


Bad().run()
