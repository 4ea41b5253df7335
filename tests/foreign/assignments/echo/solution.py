#!/usr/bin/env python3
"""Answers echo. The argument is a mistake that students make: unflushed, as-n0 or prints."""

import json
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.realpath(__file__)), "../.."))
from node import Node

BUG = (sys.argv[1:] or [None])[0]


class Echo(Node):
    def send(self, dest, body):
        src = "n0" if BUG == "as-n0" else self.id
        line = json.dumps({"src": src, "dest": dest, "body": body})
        print(line, flush=BUG != "unflushed")

    def on_echo(self, message, body):
        if BUG == "prints":
            print("got", body["echo"], flush=True)
        self.reply(message, {"type": "echo_ok", "echo": body["echo"]})


Echo().run()
