#!/usr/bin/env python3
import sys
import time

from node import Node


class Ids(Node):
    count = 0

    def on_generate(self, message, _):
        self.count += 1
        # The wrong one takes the second: two nodes give the same.
        given = int(time.time()) if "wrong" in sys.argv else f"{self.id}-{self.count}"
        self.reply(message, {"type": "generate_ok", "id": given})


Ids().run()
