#!/usr/bin/env python3
import sys

from node import Node


class Echo(Node):
    def on_echo(self, message, body):
        said = body["echo"].upper() if "wrong" in sys.argv else body["echo"]
        self.reply(message, {"type": "echo_ok", "echo": said})


Echo().run()
