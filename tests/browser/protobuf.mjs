// Protocol Buffers, as far as the testbed's messages need them: fields of integers,
// fixed numbers, bytes and messages. Fields are written in the order in which they are given.

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

const text = new TextDecoder('utf-8', { fatal: true });

export const utf8 = (string) => new TextEncoder().encode(string);
export const string = (bytes) => text.decode(bytes);

// The bytes of an unsigned integer, a number or a bigint, 7 bits each.
export function varint(value) {
  const bytes = [];
  let rest = BigInt(value);
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

// The varint at an offset: `[value, the offset behind it]`, or `undefined` if it has not come
// as a whole.
export function readVarint(bytes, at, most = 10) {
  let value = 0n;
  for (let count = 0; count < most; count += 1) {
    if (at + count >= bytes.length) return undefined;
    const byte = bytes[at + count];
    value |= BigInt(byte & 0x7f) << BigInt(7 * count);
    if (byte < 0x80) {
      if (byte === 0 && count > 0) throw new Error('a varint with a superfluous byte');
      return [value, at + count + 1];
    }
  }
  throw new Error(`a varint of more than ${most} bytes`);
}

export function concat(parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const key = (number, type) => varint(number * 8 + type);

function fixed(number, type, bytes, value) {
  const view = new DataView(new ArrayBuffer(bytes));
  if (bytes === 8) view.setBigUint64(0, BigInt(value), true);
  else view.setUint32(0, Number(value), true);
  return [key(number, type), new Uint8Array(view.buffer)];
}

// What writes a field; 0 is not written, as proto3 asks for.
export const field = {
  uint: (number, value) => (BigInt(value) ? [key(number, VARINT), varint(value)] : []),
  fixed64: (number, value) => (BigInt(value) ? fixed(number, FIXED64, 8, value) : []),
  fixed32: (number, value) => (Number(value) ? fixed(number, FIXED32, 4, value) : []),
  // A message of a oneof is written even if it is empty.
  message: (number, fields) => delimited(number, message(fields)),
  bytes: (number, bytes) => (bytes.length ? delimited(number, bytes) : []),
};

const delimited = (number, bytes) => [key(number, BYTES), varint(bytes.length), bytes];

export const message = (fields) => concat(fields.flat());

// The fields of a message, in their order: `[number, value]` each, a bigint or bytes.
export function* fieldsOf(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const need = (at, count) => {
    if (at + count > bytes.length) throw new Error('a message that is cut short');
  };
  const number = (at) => readVarint(bytes, at) ?? need(at, bytes.length + 1);
  let at = 0;
  while (at < bytes.length) {
    let tag, value, length;
    [tag, at] = number(at);
    switch (Number(tag & 7n)) {
      case VARINT:
        [value, at] = number(at);
        break;
      case FIXED64:
        need(at, 8);
        [value, at] = [view.getBigUint64(at, true), at + 8];
        break;
      case FIXED32:
        need(at, 4);
        [value, at] = [BigInt(view.getUint32(at, true)), at + 4];
        break;
      case BYTES:
        [length, at] = number(at);
        need(at, Number(length));
        [value, at] = [bytes.subarray(at, at + Number(length)), at + Number(length)];
        break;
      default:
        throw new Error(`a field of type ${tag & 7n}`);
    }
    yield [Number(tag >> 3n), value];
  }
}

// A map from the number of each field to its last value.
export const read = (bytes) => new Map(fieldsOf(bytes));
