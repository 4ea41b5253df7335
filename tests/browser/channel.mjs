// The channel protocol, `/testbed/channel/1.0.0`, over js-libp2p: docs/channel-protocol.md.
// It runs in a browser and in Node.js.

import { concat, field, message, read, readVarint, string, utf8, varint } from './protobuf.mjs';

export const PROTOCOL = '/testbed/channel/1.0.0';

// The longest envelope and payload, in bytes, and the longest name of a kind.
const ENVELOPE = 1_049_856;
const PAYLOAD = 1_049_600;
const KIND = 64;

const hasOnlyZeros = (bytes) => bytes.every((byte) => byte === 0);

// The frame of an envelope: `{ id, kind, created, deadline, trace, sequence, incarnation, payload }`;
// numbers may be bigints. `deadline` and `trace` (`{ traceId, spanId, flags }`) may be left out.
export function encode({ id, kind, created, deadline = 0, trace, sequence, incarnation, payload }) {
  const traced = trace && field.message(5, [
    field.bytes(1, trace.traceId),
    field.bytes(2, trace.spanId),
    field.fixed32(3, trace.flags),
  ]);
  const envelope = message([
    field.fixed64(1, id),
    field.bytes(2, utf8(kind)),
    field.fixed64(3, created),
    field.fixed64(4, deadline),
    traced ?? [],
    field.uint(6, sequence),
    field.uint(7, incarnation),
    field.bytes(8, payload),
  ]);
  if (payload.length > PAYLOAD) throw new Error(`${payload.length} bytes of payload; ${PAYLOAD} are allowed`);
  return concat([varint(envelope.length), envelope]);
}

function id(bytes, length) {
  if (bytes?.length !== length || hasOnlyZeros(bytes)) throw new Error(`an id that has not ${length} bytes`);
  return bytes;
}

// The envelope of a frame, without its length.
export function decode(bytes) {
  const fields = read(bytes);
  const number = (of, index) => of.get(index) ?? 0n;
  const kind = string(fields.get(2) ?? new Uint8Array());
  const payload = fields.get(8) ?? new Uint8Array();
  const size = utf8(kind).length;
  if (size < 1 || size > KIND) throw new Error(`a kind of ${size} bytes`);
  if (payload.length > PAYLOAD) throw new Error(`a payload of ${payload.length} bytes`);
  const trace = fields.has(5) ? read(fields.get(5)) : undefined;
  return {
    id: number(fields, 1),
    kind,
    created: number(fields, 3),
    deadline: number(fields, 4),
    trace: trace && { traceId: id(trace.get(1), 16), spanId: id(trace.get(2), 8), flags: number(trace, 3) },
    sequence: number(fields, 6),
    incarnation: number(fields, 7),
    payload,
  };
}

// Puts the frames of a stream together. A frame that breaks the protocol throws.
export class Frames {
  #rest = new Uint8Array();

  // The envelopes that are complete with these bytes.
  *push(bytes) {
    this.#rest = concat([this.#rest, bytes]);
    for (;;) {
      const prefix = readVarint(this.#rest, 0, 4);
      if (!prefix) return;
      const [length, at] = [Number(prefix[0]), prefix[1]];
      if (length > ENVELOPE) throw new Error(`an envelope of ${length} bytes`);
      if (this.#rest.length < at + length) return;
      const envelope = this.#rest.slice(at, at + length);
      this.#rest = this.#rest.slice(at + length);
      yield decode(envelope);
    }
  }
}

// A channel to the peer at the other end of `connection`. `incarnation` counts the channels to
// that peer, from 1. It may be a connection over a relay, which carries few bytes.
export async function open(connection, incarnation = 1) {
  const stream = await connection.newStream(PROTOCOL, { runOnLimitedConnection: true });
  let sequence = 0;
  return {
    // Sends a message, once the stream has room; resolves with the id of its envelope.
    async send(kind, payload) {
      const created = BigInt(Date.now()) * 1_000_000n;
      const frame = encode({ id: sequence + 1, kind, created, sequence, incarnation, payload });
      sequence += 1;
      if (!stream.send(frame)) await stream.onDrain();
      return sequence;
    },
    // Hangs up after the last message.
    close: () => stream.close(),
  };
}

// Calls `receive(envelope, peer)` with what other peers send over their channels.
export function accept(libp2p, receive) {
  return libp2p.handle(PROTOCOL, async (stream, connection) => {
    const frames = new Frames();
    let [sequence, incarnation] = [0n, undefined];
    try {
      for await (const part of stream) {
        for (const envelope of frames.push(part.subarray())) {
          incarnation ??= envelope.incarnation;
          if (envelope.sequence !== sequence || envelope.incarnation !== incarnation) {
            throw new Error(`message ${envelope.sequence} of ${envelope.incarnation}: ${sequence} was due`);
          }
          sequence += 1n;
          receive(envelope, connection.remotePeer);
        }
      }
      await stream.close();
    } catch (error) {
      stream.abort(error);
    }
  }, { runOnLimitedConnection: true });
}
