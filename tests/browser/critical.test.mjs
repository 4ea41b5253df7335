// The critical path of a trace, against traces drawn by hand.
//
//   node --test critical.test.mjs

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { readTrace } from '../../dashboards/viewer/otlp.js';
import { criticalPath } from '../../dashboards/viewer/traces/critical-path.js';

// `{ name: [parent, from, to] }` as one trace; its path as text, piece by
// piece: `name from-to`, and `~name from-to` for a message on its way.
function path(drawn) {
  const ids = new Map(Object.keys(drawn).map((name, i) => [name, String(i + 1).padStart(16, '0')]));
  const spans = Object.entries(drawn).map(([name, [parent, from, to]]) => ({
    name, spanId: ids.get(name), parentSpanId: parent ? ids.get(parent) ?? 'f'.repeat(16) : '',
    startTimeUnixNano: String(1000 + from), endTimeUnixNano: String(1000 + to),
  }));
  const model = readTrace([{ scopeSpans: [{ spans }] }]);
  return criticalPath(model.spans)
    .map(({ span, from, to, way }) => `${way ? '~' : ''}${model.spans[span].name} ${from}-${to}`);
}

test('no span, no path', () => assert.deepEqual(path({}), []));

test('calls lie inside their caller, as Jaeger has them', () => {
  assert.deepEqual(path({ call: ['', 0, 100], first: ['call', 10, 30], second: ['call', 40, 90] }), [
    'call 0-10', 'first 10-30', 'call 30-40', 'second 40-90', 'call 90-100',
  ]);
});

test('of two calls at once the path takes the one that was waited for', () => {
  assert.deepEqual(path({ call: ['', 0, 100], short: ['call', 10, 40], long: ['call', 10, 95] }), [
    'call 0-10', 'long 10-95', 'call 95-100',
  ]);
});

test('a message begins its step when the sender is done', () => {
  assert.deepEqual(path({ start: ['', 0, 5], ping: ['start', 20, 22], pong: ['ping', 40, 41] }), [
    'start 0-5', '~ping 5-20', 'ping 20-22', '~pong 22-40', 'pong 40-41',
  ]);
});

test('a message that was answered earlier is off the path, though it ended before the next began', () => {
  assert.deepEqual(path({ start: ['', 0, 5], near: ['start', 10, 12], far: ['start', 50, 52] }), [
    'start 0-5', '~far 5-50', 'far 50-52',
  ]);
});

test('an operation around its steps ends with the step that it waited for', () => {
  assert.deepEqual(path({
    ping: ['', 0, 100], command: ['ping', 2, 4], there: ['command', 30, 32], back: ['there', 90, 95],
    late: ['command', 200, 210],
  }), [
    'ping 0-2', 'command 2-4', '~late 4-200', 'late 200-210',
  ]);
  assert.deepEqual(path({
    ping: ['', 0, 100], command: ['ping', 2, 4], there: ['command', 30, 32], back: ['there', 90, 95],
  }), [
    'ping 0-2', 'command 2-4', '~there 4-30', 'there 30-32', '~back 32-90', 'back 90-95', 'ping 95-100',
  ]);
});

test('steps of the simulator take no time, and are on the path', () => {
  assert.deepEqual(path({ start: ['', 0, 0], a: ['start', 10, 10], b: ['start', 7, 7], c: ['a', 30, 30] }), [
    'start 0-0', '~a 0-10', 'a 10-10', '~c 10-30', 'c 30-30',
  ]);
});

test('of several roots the path leads to the one that ends the trace', () => {
  assert.deepEqual(path({ one: ['', 0, 10], orphan: ['nobody', 5, 30] }), ['orphan 5-30']);
});

test('clocks that disagree make no piece of negative length', () => {
  const pieces = path({ call: ['', 50, 60], early: ['call', 10, 80], inner: ['early', 0, 5] });
  for (const piece of pieces) {
    const [, from, to] = / (\d+)-(\d+)$/.exec(piece);
    assert.ok(Number(from) <= Number(to), piece);
  }
  assert.ok(pieces.includes('early 10-80'), String(pieces));
});

test('a chain of 100,000 messages does not run out of stack', () => {
  const drawn = {};
  for (let i = 0; i < 100000; i += 1) drawn[`s${i}`] = [i ? `s${i - 1}` : '', i * 10, i * 10 + 1];
  assert.equal(path(drawn).length, 199999);
});
