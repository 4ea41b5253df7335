#!/usr/bin/env python3
"""A program for `testbed program`: it answers echo. Add your own types of messages to it."""

import json
import sys

node_id, node_ids, last_id = None, [], 0


def send(dest, body):
    """One JSON object on a line, flushed at once."""
    line = json.dumps({"src": node_id, "dest": dest, "body": body})
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def ask(dest, body):
    """Sends a message that is to be answered, and returns its number."""
    global last_id
    last_id += 1
    send(dest, body | {"msg_id": last_id})
    return last_id


def reply(request, body):
    send(request["src"], body | {"in_reply_to": request["body"]["msg_id"]})


def log(text):
    """Standard error is for everything else."""
    print(text, file=sys.stderr, flush=True)


for line in sys.stdin:
    message = json.loads(line)
    body = message["body"]
    match body["type"]:
        case "init":
            node_id, node_ids = body["node_id"], body["node_ids"]
            reply(message, {"type": "init_ok"})
        case "echo":
            reply(message, {"type": "echo_ok", "echo": body["echo"]})
        case other:
            log(f"{node_id} does not know {other}")
