#!/usr/bin/env python3
"""Takes more of the machine than it may; of what, the argument says."""

import os
import socket
import sys
import time

from node import Node

HOW = sys.argv[1]


class Greedy(Node):
    def on_init(self, message, body):
        if HOW == "time":
            time.sleep(9)
        super().on_init(message, body)

    def on_echo(self, message, body):
        said = body["echo"]
        match HOW:
            case "memory":
                self.hoard = bytearray(b"x") * (300 << 20)
                time.sleep(5)
            case "memory-of-a-child":
                if os.fork() == 0:
                    self.hoard = bytearray(b"x") * (300 << 20)
                    time.sleep(600)
                os.wait()
            case "output":
                while True:
                    self.send("n0", {"type": "hello", "text": "x" * 100_000})
            case "errors":
                while True:
                    print("x" * 1000, file=sys.stderr)
            case "network":
                said = self.knock(int(sys.argv[2])) or said
        self.reply(message, {"type": "echo_ok", "echo": said})

    def on_hello(self, *_):
        """It tells itself."""

    def knock(self, port):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except OSError:
            return None
        return "the network is there"


Greedy().run()
