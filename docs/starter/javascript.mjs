#!/usr/bin/env node
// A program for `testbed program`: it answers echo. Add your own types of messages to it.

import { createInterface } from "node:readline";

let nodeId;
let nodeIds = [];
let lastId = 0;

/** One JSON object on a line. */
function send(dest, body) {
  process.stdout.write(JSON.stringify({ src: nodeId, dest, body }) + "\n");
}

/** Sends a message that is to be answered, and returns its number. */
export function ask(dest, body) {
  lastId += 1;
  send(dest, { ...body, msg_id: lastId });
  return lastId;
}

function reply(request, body) {
  send(request.src, { ...body, in_reply_to: request.body.msg_id });
}

for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line);
  const { body } = message;
  switch (body.type) {
    case "init":
      ({ node_id: nodeId, node_ids: nodeIds } = body);
      reply(message, { type: "init_ok" });
      break;
    case "echo":
      reply(message, { type: "echo_ok", echo: body.echo });
      break;
    default:
      // Standard error is for everything else.
      console.error(`${nodeId} of ${nodeIds.length} does not know ${body.type}`);
  }
}
