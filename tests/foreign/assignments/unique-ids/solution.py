#!/usr/bin/env python3
"""Makes up ids. The argument is a mistake that students make: seconds, no-name or forgets."""

import time
import uuid
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.realpath(__file__)), "../.."))
from node import Node

BUG = (sys.argv[1:] or [None])[0]


class Ids(Node):
    count = 0

    def make_up(self):
        self.count += 1
        match BUG:
            case "seconds":
                return f"{self.id}-{int(time.time())}"
            case "no-name":
                return self.count
            case "forgets":
                # After a restart it counts from 1 again.
                return f"{self.id}-{self.count}"
        return str(uuid.uuid4())

    def on_generate(self, message, _):
        self.reply(message, {"type": "generate_ok", "id": self.make_up()})


Ids().run()
