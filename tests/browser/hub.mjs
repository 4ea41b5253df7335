// A peer of a hub, over channels: docs/hub-protocol.md. It runs in a browser and in Node.js.

import { concat, field, fieldsOf, message, string, utf8 } from './protobuf.mjs';

export const VERSION = 1;

// How many zero bits a page works for: 2^24 hashes take minutes.
const MOST_BITS = 24;

const UINT = 'uint';
const BYTES = 'bytes';
const TEXT = 'text';
const TEXTS = 'texts';

// The fields of messages: the tag of each, and its type, or the fields of the message that it is.
const SESSION = { epoch: [1, UINT], seal: [2, BYTES] };
const PARCEL = { number: [1, UINT], peer: [2, TEXT], data: [3, BYTES] };
const NUMBER = { number: [1, UINT] };
const CODE = {
  version: [1, { needs: [1, UINT] }],
  proof: [2, {}],
  session: [3, {}],
  unregistered: [4, {}],
  unknown_receiver: [5, {}],
  large: [6, {}],
  ration: [7, { wait: [1, { seconds: [1, UINT], nanos: [2, UINT] }] }],
  full: [9, {}],
  silent: [10, {}],
  pace: [8, { wait: [1, { seconds: [1, UINT], nanos: [2, UINT] }] }],
};

// The messages: the tag of each, and its fields.
const KINDS = {
  NEW_SESSION: [17, { version: [1, UINT] }],
  CHALLENGE: [18, { epoch: [1, UINT], bits: [2, UINT], seed: [3, BYTES] }],
  PROOF: [19, { epoch: [1, UINT], bits: [2, UINT], nonce: [3, UINT], seed: [4, BYTES] }],
  ACCEPTED: [20, { session: [1, SESSION] }],
  REGISTER: [21, { session: [1, SESSION] }],
  REGISTERED: [22, {}],
  PING: [23, {}],
  PONG: [24, {}],
  FIND: [25, { number: [1, UINT], target: [2, UINT] }],
  NEIGHBOURS: [26, { number: [1, UINT], nodes: [2, TEXTS] }],
  FORWARD: [27, PARCEL],
  FORWARDED: [28, NUMBER],
  RELAYED: [29, PARCEL],
  CALL: [30, PARCEL],
  CALLED: [31, PARCEL],
  ANSWER: [32, PARCEL],
  ANSWERED: [33, PARCEL],
  REVERSE: [34, { number: [1, UINT], to: [2, TEXT], data: [3, BYTES] }],
  REVERSED: [35, NUMBER],
  DIAL_BACK: [36, { from: [1, TEXT], data: [2, BYTES] }],
  REFUSED: [37, { number: [1, UINT], code: [2, CODE] }],
};
const KIND_OF = new Map(Object.entries(KINDS).map(([kind, [tag]]) => [tag, kind]));

// What answers each message that a peer sends.
const ANSWERS = {
  NEW_SESSION: 'CHALLENGE',
  PROOF: 'ACCEPTED',
  REGISTER: 'REGISTERED',
  PING: 'PONG',
  FIND: 'NEIGHBOURS',
  FORWARD: 'FORWARDED',
  CALL: 'ANSWERED',
  REVERSE: 'REVERSED',
};

function written([tag, type], value) {
  if (value === undefined) return [];
  if (type === UINT) return field.uint(tag, value);
  if (type === BYTES) return field.bytes(tag, value);
  if (type === TEXT) return field.bytes(tag, utf8(value));
  if (type === TEXTS) return value.flatMap((one) => field.bytes(tag, utf8(one)));
  return field.message(tag, fieldsFor(type, value));
}

const fieldsFor = (types, values) =>
  Object.entries(types).map(([name, one]) => written(one, values[name]));

const EMPTY = { [UINT]: () => 0n, [BYTES]: () => new Uint8Array(), [TEXT]: () => '', [TEXTS]: () => [] };

// A field of another type than the table has breaks the protocol.
function value(type, found, before) {
  if ((type === UINT) !== (typeof found === 'bigint')) throw new Error('a field of another type');
  if (type === UINT || type === BYTES) return found;
  if (type === TEXT) return string(found);
  if (type === TEXTS) return [...before, string(found)];
  return valuesOf(type, found);
}

function valuesOf(types, bytes) {
  const values = {};
  for (const [name, [, type]] of Object.entries(types)) {
    if (typeof type === 'string') values[name] = EMPTY[type]();
  }
  for (const [tag, found] of fieldsOf(bytes)) {
    const named = Object.entries(types).find(([, [number]]) => number === tag);
    if (named) values[named[0]] = value(named[1][1], found, values[named[0]]);
  }
  return values;
}

// The payload of a message of that kind.
export function encode(kind, values = {}) {
  const [tag, types] = KINDS[kind];
  return message([field.message(tag, fieldsFor(types, values))]);
}

// `{ kind, values }` of a payload; `undefined` for a message of another algorithm.
export function decode(payload) {
  for (const [tag, bytes] of fieldsOf(payload)) {
    const kind = KIND_OF.get(tag);
    if (kind) return { kind, values: valuesOf(KINDS[kind][1], bytes) };
  }
  return undefined;
}

// The highest byte first.
function big(bytes, value) {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(value));
  return new Uint8Array(view.buffer).subarray(8 - bytes);
}

const named = (name) => [big(4, utf8(name).length), utf8(name)];

// What is hashed, the nonce at its end: `node` and `hub` are PeerIds as texts.
const hashed = ({ node, hub, epoch, bits, seed }, nonce) =>
  concat([...named(node), ...named(hub), big(8, epoch), big(4, bits), seed, big(8, nonce)]);

// SHA-256 of a puzzle and a nonce.
export async function hash(puzzle, nonce) {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', hashed(puzzle, nonce)));
}

// With how many zero bits it begins.
export function zeros(bytes) {
  const first = bytes.findIndex((byte) => byte !== 0);
  return first < 0 ? 8 * bytes.length : 8 * first + Math.clz32(bytes[first]) - 24;
}

// The first nonce with which the hash of the puzzle begins with enough zero bits.
export async function solve(puzzle) {
  if (puzzle.bits > MOST_BITS) throw new Error(`a proof of ${puzzle.bits} bits; ${MOST_BITS} are the most`);
  for (let nonce = 0; ; nonce += 1) {
    if (zeros(await hash(puzzle, nonce)) >= puzzle.bits) return nonce;
  }
}

// The hub has refused what it was asked for: `code` names the reason.
export class Refused extends Error {
  constructor(code) {
    super(`the hub refuses it: ${Object.keys(code ?? {})[0]}`);
    this.code = code;
  }
}

// A peer of a hub. `me` and `hub` are PeerIds as texts, `channel` is one to the hub, and
// `onMessage(kind, values)` gets what other peers send over it: RELAYED, CALLED and DIAL_BACK.
export class Member {
  #waiting = new Map();
  #number = 0;

  constructor({ me, hub, channel, onMessage }) {
    Object.assign(this, { me, hub, channel, onMessage });
  }

  // A payload that came from the hub.
  receive(payload) {
    const { kind, values } = decode(payload) ?? {};
    const question = this.#waiting.get(Number(values?.number ?? 0n));
    // Any peer may send an answer, and only the one that was asked is heard.
    const isOfAsked = kind !== 'ANSWERED' || values.peer === question?.peer;
    if (kind === 'REFUSED') question?.reject(new Refused(values.code));
    else if (kind && kind === question?.answer && isOfAsked) question.resolve(values);
    else if (kind) this.onMessage?.(kind, values);
  }

  send(kind, values) {
    return this.channel.send(kind, encode(kind, values));
  }

  // Questions have a number; what a session takes has none, and comes one after the other.
  async #ask(kind, values) {
    const number = values.number ?? 0;
    const answered = new Promise((resolve, reject) => {
      this.#waiting.set(number, { answer: ANSWERS[kind], peer: values.peer, resolve, reject });
    });
    try {
      const [answer] = await Promise.all([answered, this.send(kind, values)]);
      return answer;
    } finally {
      this.#waiting.delete(number);
    }
  }

  // Asks the hub FIND, FORWARD, CALL or REVERSE; resolves with the fields of the answer.
  ask(kind, values) {
    this.#number += 1;
    return this.#ask(kind, { ...values, number: this.#number });
  }

  // Registers for a proof of work; resolves with the session.
  async register() {
    const challenge = await this.#ask('NEW_SESSION', { version: VERSION });
    const nonce = await solve({ node: this.me, hub: this.hub, ...challenge });
    const { session } = await this.#ask('PROOF', { ...challenge, nonce });
    await this.#ask('REGISTER', { session });
    return session;
  }

  // A session ends when the hub hears nothing for a minute.
  stay() {
    return this.#ask('PING', {});
  }
}
