#!/usr/bin/env python3
"""Lets a program attach to `testbed program --attach unix:SOCKET`, which need not know of it:

    attach.py SOCKET NAME PROGRAM [ARGUMENT ...]

NAME is the name that it wants, as n2, or "" for any."""

import json
import os
import socket
import sys

path, name, *program = sys.argv[1:]
connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
connection.connect(path)
attach = {"src": name, "dest": "testbed", "body": {"type": "attach"}}
connection.sendall((json.dumps(attach) + "\n").encode())
# The connection takes the place of its standard input and output.
for standard in (0, 1):
    os.dup2(connection.fileno(), standard)
os.execvp(program[0], program)
