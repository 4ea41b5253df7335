"""What the programs of these tests have in common: messages, requests, timers."""

import json
import os
import select
import sys
import time


class Node:
    """Reads lines, and calls `on_TYPE(message, body)` of a subclass for each."""

    def __init__(self):
        self.id, self.ids, self.last_id = None, [], 0
        self.waiting, self.timers, self.rest = {}, [], b""

    def send(self, dest, body):
        print(json.dumps({"src": self.id, "dest": dest, "body": body}), flush=True)

    def reply(self, message, body):
        self.send(message["src"], body | {"in_reply_to": message["body"]["msg_id"]})

    def ask(self, dest, body, then):
        """`then` gets the body of the answer."""
        self.last_id += 1
        self.waiting[self.last_id] = then
        self.send(dest, body | {"msg_id": self.last_id})

    def every(self, seconds, call):
        self.timers.append([time.monotonic() + seconds, seconds, call])

    def others(self):
        return [other for other in self.ids if other != self.id]

    def on_init(self, message, body):
        self.id, self.ids = body["node_id"], body["node_ids"]
        self.ready()
        self.reply(message, {"type": "init_ok"})

    def ready(self):
        """For a subclass."""

    def handle(self, message):
        body = message["body"]
        then = self.waiting.pop(body.get("in_reply_to"), None)
        if then:
            then(body)
        elif handler := getattr(self, "on_" + body["type"], None):
            handler(message, body)

    def lines(self, patience):
        """The lines that come within that time."""
        if not select.select([0], [], [], patience)[0]:
            return []
        got = os.read(0, 1 << 16)
        if not got:
            sys.exit(0)
        *lines, self.rest = (self.rest + got).split(b"\n")
        return lines

    def run(self):
        while True:
            now = time.monotonic()
            due = min([timer[0] for timer in self.timers], default=now + 60)
            for line in self.lines(max(0, due - now)):
                self.handle(json.loads(line))
            for timer in self.timers:
                if timer[0] <= time.monotonic():
                    timer[0] += timer[1]
                    timer[2]()
