// The test vectors of docs/channel-protocol.md.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { Frames, encode } from './channel.mjs';

const page = readFileSync(new URL('../../docs/channel-protocol.md', import.meta.url), 'utf8');
const [right, wrong] = [...page.matchAll(/```json\n(.*?)```/gs)]
  // Numbers of 64 bits lose digits as numbers.
  .map(([, lines]) => lines.trim().split('\n').map((line) => JSON.parse(line
    .replace(/"(\w+_nano)": (\d+)/g, '"$1": "$2"'))));

const hex = (bytes) => Buffer.from(bytes).toString('hex');
const bytes = (text) => new Uint8Array(Buffer.from(text, 'hex'));

function vectorOf({ id, kind, created, deadline, trace, sequence, incarnation, payload }) {
  return {
    id: Number(id),
    kind,
    created_unix_nano: String(created),
    deadline_unix_nano: deadline ? String(deadline) : null,
    trace: trace
      ? { trace_id: hex(trace.traceId), span_id: hex(trace.spanId), flags: Number(trace.flags) }
      : null,
    sequence: Number(sequence),
    incarnation: Number(incarnation),
    payload: hex(payload),
  };
}

test('frames are decoded, and encoded byte for byte', () => {
  assert.ok(right.length >= 4);
  for (const { name, frame, ...expected } of right) {
    const [envelope] = new Frames().push(bytes(frame));
    assert.deepEqual(vectorOf(envelope), expected, name);
    assert.equal(hex(encode(envelope)), frame, name);
  }
});

test('frames are put together from any parts', () => {
  const frames = new Frames();
  const all = bytes(right.map(({ frame }) => frame).join(''));
  const found = [...all].flatMap((byte) => [...frames.push(Uint8Array.of(byte))]);
  assert.deepEqual(found.map(({ kind }) => kind), right.map(({ kind }) => kind));
});

test('what breaks the protocol is refused', () => {
  assert.ok(wrong.length >= 7);
  for (const { name, frame } of wrong) {
    assert.throws(() => [...new Frames().push(bytes(frame))], undefined, name);
  }
});
