#!/usr/bin/env python3
"""lin-kv: asks the service of that name. The wrong one reads from a copy of its own."""

import sys

from node import Node


class Registers(Node):
    def ready(self):
        self.copy = {}

    def pass_on(self, message, body, then):
        def answered(answer):
            then(answer)
            del answer["in_reply_to"]
            self.reply(message, answer)

        self.ask("lin-kv", {key: body[key] for key in body if key != "msg_id"}, answered)

    def on_read(self, message, body):
        if "wrong" in sys.argv and body["key"] in self.copy:
            return self.reply(message, {"type": "read_ok", "value": self.copy[body["key"]]})

        def keep(answer):
            if answer["type"] == "read_ok":
                self.copy[body["key"]] = answer["value"]

        self.pass_on(message, body, keep)

    def on_write(self, message, body):
        self.pass_on(message, body, lambda _: None)

    on_cas = on_write


Registers().run()
