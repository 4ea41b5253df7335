// The run's model and its causality, against answers written by hand.
//
//   node --test model.test.mjs

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Model } from '../../dashboards/viewer/model.js';
import {
  CONCURRENT, FUTURE, PAST, SELF, clocks, cone, messageRelation, relation, vectorClock,
} from '../../dashboards/viewer/causality.js';
import { SENDS, STEPS, answer, whole } from './made.mjs';

// The content of a model, independent of the order in which it was appended.
function content(model) {
  const span = (s) => (s < 0 ? null : model.spans[s]);
  return {
    lines: model.inOrder.map((p) => [model.peers[p], [...model.line(p)].map(span)]),
    messages: Array.from({ length: model.message.count }, (_, m) => [
      span(model.message.from[m]), span(model.message.to[m]), model.texts[m],
      model.kinds[model.message.kind[m]], model.reasons[model.message.reason[m]] ?? null,
      model.message.copy[m]]).sort(),
    sent: Object.fromEntries(model.spans.map((id, s) => [id, model.sent(s).map((m) => model.texts[m])])),
    lamport: Object.fromEntries(model.spans.map((id, s) => [id, clocks(model).lamport[s]])),
    order: [...clocks(model).order].map(span),
  };
}

test('an answer becomes lines, steps and messages', () => {
  const model = whole();
  const { step, message } = model;
  assert.deepEqual(model.peers, ['a', 'b', 'c']);
  assert.equal(step.count, 7);
  assert.deepEqual([...model.line(0)], [0, 3, 6]);
  assert.deepEqual([...step.rank.subarray(0, 7)], [0, 0, 0, 1, 1, 1, 2]);
  assert.deepEqual([...step.received.subarray(0, 7)], [-1, -1, -1, -1, 0, 1, 2]);
  assert.deepEqual([...message.to.subarray(0, 4)], [4, 5, 6, -1]);
  assert.deepEqual(model.sent(0), [0]);
  assert.equal(model.texts[3], 'says m4');
  assert.equal(model.reasons[message.reason[3]], 'connection closed');
  assert.equal(message.reason[0], -1);
  assert.equal(model.kinds[step.kind[6]], 'PONG');
  assert.deepEqual(model.outputs.get(6), [{ kind: 'Done', text: 'in 3' }]);
  assert.deepEqual([model.first, model.last, model.next], [0, 45, 7]);
  assert.equal(model.base, 1577836800000000000n);
  assert.equal(model.stepOf('b2'), 4);
  assert.equal(model.stepOf('nobody'), -1);
});

test('what is said of snapshots is counted, for the cuts to be asked for again', () => {
  const model = whole();
  assert.equal(model.snapshotOutputs, 0);
  const said = [[0, 'start', 'snapshot=0/0 balance=7'], [0, 'start', 'in 3']];
  model.append(answer([STEPS[0]], [], { said }));
  assert.equal(model.snapshotOutputs, 1);
});

test('pieces in any order make the same run as the whole', () => {
  const model = new Model();
  // The tables of each answer differ; receipts come before what they receive,
  // a lower number after a higher one, and the loss before its message.
  const rest = (numbers) => answer(
    numbers.map((n) => STEPS[n]),
    SENDS.filter(([s]) => numbers.includes(s)).map(([s, ...send]) => [numbers.indexOf(s), ...send]),
    { lost: numbers[0] === 6 ? [['c', 'b', 'm4', 'connection closed']] : [] },
  );
  for (const numbers of [[6, 2], [5, 4], [3], [1, 0]]) assert.equal(model.append(rest(numbers)), true);
  assert.deepEqual(content(model), content(whole()));
});

test('an answer whose columns do not fit together is refused', () => {
  const take = (change) => () => new Model().append({ ...answer(STEPS, SENDS), ...change });
  const { steps, sends } = answer(STEPS, SENDS);
  assert.throws(take({ steps: { ...steps, at: steps.at.slice(1) } }),
    /7 rows of steps.peer, and 6 of steps.at/);
  assert.throws(take({ sends: { ...sends, text: undefined } }), /no column sends.text/);
  assert.throws(take({ outputs: undefined }), /no column outputs.step/);
  assert.throws(take({ states: [1, 2] }), /7 rows of steps, and 2 states/);
});

test('nothing new changes nothing', () => {
  const model = whole();
  assert.equal(model.append(answer([], [], { next: 7 })), false);
  assert.equal(model.revision, 1);
});

test('a step whose sender left no trace still names it', () => {
  const model = new Model();
  model.append(answer([['b', 'PING', 1, 5, 'a', 'm9', 3]]));
  assert.equal(model.step.received[0], -1);
  assert.equal(model.peers[model.step.from[0]], 'a');
  assert.equal(model.step.sequence[0], 3);
});

test('a message that arrives twice is two arrows and one sending', () => {
  const model = new Model();
  model.append(answer([['a', 'start', 1, 0], ['b', 'PING', 1, 5, 'a', 'm', 0],
    ['b', 'PING', 2, 9, 'a', 'm', 0]],
    [[0, 'b', 'PING', 'm']]));
  assert.equal(model.message.count, 2);
  assert.deepEqual([...model.message.to.subarray(0, 2)], [1, 2]);
  assert.deepEqual([...model.message.copy.subarray(0, 2)], [0, 1]);
  assert.deepEqual(model.sent(0), [0, 1]);
  assert.deepEqual([...clocks(model).lamport], [1, 2, 3]);
});

test('peers stand in the order in which people count', () => {
  const model = new Model();
  model.append(answer([['peer-10', 'start', 1, 0], ['peer-9', 'start', 1, 0]]));
  assert.deepEqual(model.inOrder.map((p) => model.peers[p]), ['peer-9', 'peer-10']);
});

test('Lamport clocks count the longest chain', () => {
  const { lamport } = clocks(whole());
  assert.deepEqual([...lamport], [1, 1, 1, 2, 2, 3, 3]);
});

test('the causal order puts no effect before its cause, even when clocks disagree', () => {
  const model = new Model();
  // b's clock is behind: it receives at 5 what was sent at 10.
  model.append(answer([['a', 'start', 1, 10], ['b', 'start', 1, 4], ['b', 'PING', 2, 5, 'a', 'm', 0],
    ['c', 'start', 1, 7]],
    [[0, 'b', 'PING', 'm']]));
  const { order, place } = clocks(model);
  assert.deepEqual([...order].map((s) => model.spans[s]), ['b1', 'c1', 'a1', 'b2']);
  assert.deepEqual([...place], [2, 0, 3, 1]);
});

test('steps that wait for each other are all in the order', () => {
  const model = new Model();
  model.append(answer([['a', 'PING', 1, 1, 'b', 'y', 0], ['b', 'PING', 1, 2, 'a', 'x', 0]],
    [[0, 'b', 'PING', 'x'], [1, 'a', 'PING', 'y']]));
  assert.deepEqual([...clocks(model).order], [0, 1]);
});

test('past, future and what is concurrent', () => {
  const model = whole();
  const named = (s, wanted) => {
    const around = cone(model, s);
    return model.spans.filter((_, t) => relation(model, around, t) === wanted).sort();
  };
  const b2 = model.stepOf('b2');
  assert.deepEqual(named(b2, SELF), ['b2']);
  assert.deepEqual(named(b2, PAST), ['a1', 'b1']);
  assert.deepEqual(named(b2, FUTURE), ['a3']);
  assert.deepEqual(named(b2, CONCURRENT), ['a2', 'c1', 'c2']);
  assert.deepEqual(named(model.stepOf('a1'), FUTURE), ['a2', 'a3', 'b2', 'c2']);
  assert.deepEqual(named(model.stepOf('a3'), PAST), ['a1', 'a2', 'b1', 'b2']);
  const around = cone(model, b2);
  assert.deepEqual([0, 1, 2, 3].map((m) => messageRelation(model, around, m)),
    [PAST, CONCURRENT, FUTURE, CONCURRENT]);
});

test('a vector clock names the last step of each peer that is known', () => {
  const model = whole();
  assert.deepEqual([...vectorClock(model, model.stepOf('a3'))], [3, 2, 0]);
  assert.deepEqual([...vectorClock(model, model.stepOf('c2'))], [2, 0, 2]);
  assert.deepEqual([...vectorClock(model, model.stepOf('b1'))], [0, 1, 0]);
});
