#!/usr/bin/env python3
"""kafka: each log has a program that owns it, to which the others pass requests on. The wrong
ones take what they are sent into their own copies, and tell the others."""

import sys

from node import Node


class Logs(Node):
    def ready(self):
        self.logs, self.committed = {}, {}

    def owner(self, key):
        if "wrong" in sys.argv:
            return self.id
        return self.ids[sum(key.encode()) % len(self.ids)]

    def at_owners(self, message, parts, answer):
        """Asks the owner of each key, and puts the parts of the answers together."""
        merged, missing = {}, set(parts)
        if not parts:
            self.reply(message, answer)

        def merge(key, part):
            merged.update(part)
            missing.discard(key)
            if not missing:
                self.reply(message, {name: merged if value is None else value
                                     for name, value in answer.items()})

        for key, body in parts.items():
            if self.owner(key) == self.id:
                merge(key, self.own(key, body))
            else:
                self.ask(self.owner(key), {"type": "own", "key": key, "what": body},
                         lambda got, key=key: merge(key, got["part"]))

    def own(self, key, what):
        log = self.logs.setdefault(key, [])
        if what["kind"] == "send":
            log.append(what["msg"])
            if "wrong" in sys.argv:
                for other in self.others():
                    self.send(other, {"type": "copy", "key": key, "msg": what["msg"]})
            return {"offset": len(log) - 1}
        if what["kind"] == "poll":
            # A few at a time: the one who asks has to ask again.
            return {key: [[at, log[at]] for at in range(what["from"], len(log))][:10]}
        if what["kind"] == "commit":
            self.committed[key] = max(self.committed.get(key, 0), what["offset"])
            return {}
        return {key: self.committed[key]} if key in self.committed else {}

    def on_own(self, message, body):
        self.reply(message, {"type": "own_ok", "part": self.own(body["key"], body["what"])})

    def on_copy(self, _, body):
        self.logs.setdefault(body["key"], []).append(body["msg"])

    def on_send(self, message, body):
        what, key = {"kind": "send", "msg": body["msg"]}, body["key"]

        def sent(part):
            self.reply(message, {"type": "send_ok"} | part)

        if self.owner(key) == self.id:
            return sent(self.own(key, what))
        self.ask(self.owner(key), {"type": "own", "key": key, "what": what},
                 lambda got: sent(got["part"]))

    def on_poll(self, message, body):
        parts = {key: {"kind": "poll", "from": at} for key, at in body["offsets"].items()}
        self.at_owners(message, parts, {"type": "poll_ok", "msgs": None})

    def on_commit_offsets(self, message, body):
        parts = {key: {"kind": "commit", "offset": at} for key, at in body["offsets"].items()}
        self.at_owners(message, parts, {"type": "commit_offsets_ok"})

    def on_list_committed_offsets(self, message, body):
        parts = {key: {"kind": "list"} for key in body["keys"]}
        self.at_owners(message, parts, {"type": "list_committed_offsets_ok", "offsets": None})


Logs().run()
