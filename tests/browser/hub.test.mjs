// The test vectors of docs/hub-protocol.md.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { Member, Refused, decode, encode, hash, solve, zeros } from './hub.mjs';

const page = readFileSync(new URL('../../docs/hub-protocol.md', import.meta.url), 'utf8');
const [messages, proofs] = [...page.matchAll(/```json\n(.*?)```/gs)]
  .map(([, lines]) => lines.trim().split('\n').map((line) => JSON.parse(line)));

const hex = (bytes) => Buffer.from(bytes).toString('hex');
const bytes = (text) => new Uint8Array(Buffer.from(text, 'hex'));

// As the vectors have it: bytes in hexadecimal, numbers that a double does not hold as texts.
function plain(value) {
  if (typeof value === 'bigint') return value > Number.MAX_SAFE_INTEGER ? String(value) : Number(value);
  if (value instanceof Uint8Array) return hex(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]));
}

test('messages are decoded, and encoded byte for byte', () => {
  assert.ok(messages.length >= 27);
  for (const { kind, fields, payload } of messages) {
    const found = decode(bytes(payload));
    assert.deepEqual({ kind: found.kind, fields: plain(found.values) }, { kind, fields });
    assert.equal(hex(encode(kind, found.values)), payload, kind);
  }
});

test('proofs are hashed as a hub does', async () => {
  for (const { seed, nonce, hash: expected, ...rest } of proofs) {
    const puzzle = { ...rest, seed: bytes(seed) };
    assert.equal(hex(await hash(puzzle, nonce)), expected);
    assert.equal(await solve(puzzle), nonce, 'the first one');
  }
  assert.deepEqual(['ff', '01', '0080', '0000'].map((text) => zeros(bytes(text))), [0, 7, 8, 16]);
  await assert.rejects(solve({ bits: 25 }), /25 bits/);
});

test('what is no message of a hub is ignored, or refused', () => {
  assert.equal(decode(bytes('0a00')), undefined, 'PING of ping-pong');
  assert.throws(() => decode(bytes('8a0105')), undefined, 'cut short');
  assert.throws(() => decode(bytes('8a01020a00')), undefined, 'a version that is a text');
});

// A hub that answers each message with these, in turn.
function member(...answers) {
  const sent = [];
  const channel = {
    async send(kind, payload) {
      sent.push([kind, decode(payload).values]);
      for (const [answer, values] of answers.shift() ?? []) one.receive(encode(answer, values));
    },
  };
  const heard = [];
  const onMessage = (kind, values) => heard.push([kind, values.peer]);
  const one = new Member({ me: 'peer-01', hub: 'peer-00', channel, onMessage });
  return { one, sent, heard };
}

test('a peer registers', async () => {
  const session = { epoch: 7n, seal: new Uint8Array(16) };
  const { one, sent } = member(
    [['CHALLENGE', { epoch: 7, bits: 4, seed: new Uint8Array(16) }]],
    [['ACCEPTED', { session }]],
    [['REGISTERED', {}]],
  );
  assert.deepEqual(await one.register(), session);
  assert.deepEqual(sent.map(([kind]) => kind), ['NEW_SESSION', 'PROOF', 'REGISTER']);
  assert.deepEqual(sent[2][1].session, session);
});

test('only the one that was asked answers', async () => {
  const data = bytes('616263');
  const { one, heard } = member(
    [['ANSWERED', { number: 1, peer: 'peer-09', data }], ['ANSWERED', { number: 1, peer: 'peer-04', data }]],
    [['REFUSED', { number: 2, code: { ration: { wait: { seconds: 1 } } } }]],
  );
  const answer = await one.ask('CALL', { peer: 'peer-04', data });
  assert.deepEqual(answer, { number: 1n, peer: 'peer-04', data });
  assert.deepEqual(heard, [['ANSWERED', 'peer-09']]);
  const refused = one.ask('FORWARD', { peer: 'peer-04', data });
  await assert.rejects(refused, (error) => error instanceof Refused && error.code.ration.wait.seconds === 1n);
});
