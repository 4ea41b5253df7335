#!/usr/bin/env python3
"""txn-list-append: n0 carries out all transactions. The wrong ones carry out their own, and tell
the others of what they have appended."""

import sys

from node import Node


class Transactions(Node):
    def ready(self):
        self.lists = {}

    def apply(self, operations):
        done = []
        for kind, key, value in operations:
            if kind == "append":
                self.lists.setdefault(key, []).append(value)
            else:
                value = list(self.lists.get(key, []))
            done.append([kind, key, value])
        return done

    def on_txn(self, message, body):
        operations = body["txn"]
        if "wrong" in sys.argv:
            appended = [one for one in operations if one[0] == "append"]
            for other in self.others():
                self.send(other, {"type": "appended", "txn": appended})
        elif self.id != "n0":
            return self.ask("n0", {"type": "txn", "txn": operations}, lambda answer: self.reply(
                message, {"type": "txn_ok", "txn": answer["txn"]}))
        self.reply(message, {"type": "txn_ok", "txn": self.apply(operations)})

    def on_appended(self, _, body):
        self.apply(body["txn"])


Transactions().run()
