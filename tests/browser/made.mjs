// Answers of /api/diagram written by hand, for the tests of the page's parts.

import { TABLES } from '../../dashboards/viewer/answer-tables.js';
import { Model } from '../../dashboards/viewer/model.js';

// A table of an answer from its rows, each in the order of the columns.
export const table = (name, rows) => Object.fromEntries(
  Object.keys(TABLES[name]).map((column, place) => [column, rows.map((row) => row[place])]),
);

// An answer of /api/diagram. A step is [peer, kind, number, at], and [from,
// message, sequence] more when it handles a message; its span is named after
// peer and number. A send is [step, to, kind, message], and 1 more
// where a snapshot algorithm sends it for itself. `timers` names the timers of steps by
// their spans.
export function answer(steps, sends = [], {
  next = steps.length, left = 0, lost = [], said = [], timers = {},
} = {}) {
  const peers = [...new Set([
    ...steps.flatMap(([peer, , , , from]) => (from ? [peer, from] : [peer])),
    ...sends.map(([, to]) => to), ...lost.flatMap(([by, to]) => [by, to]),
  ])];
  const kinds = [...new Set([...steps.map(([, kind]) => kind), ...sends.map(([, , kind]) => kind),
    ...said.map(([, kind]) => kind)])];
  const traces = ['0'.repeat(31) + '1'];
  const p = (name) => peers.indexOf(name);
  const k = (kind) => kinds.indexOf(kind);
  return {
    next, left, base: '1577836800000000000', peers, kinds, traces,
    steps: table('steps', steps.map(([peer, kind, number, at, from, message = '', sequence = -1]) => [
      p(peer), k(kind), number, at, 5, 0, `${peer}${number}`, from ? p(from) : -1, message, sequence,
      timers[`${peer}${number}`] ?? ''])),
    sends: table('sends', sends.map(([step, to, kind, id, control = 0]) => [step, p(to), k(kind), id, `says ${id}`, control])),
    losses: table('losses', lost.map(([by, to, id, reason, cause = 'undelivered']) => [
      p(by), p(to), id, cause, reason])),
    outputs: table('outputs', said.map(([step, kind, text]) => [step, k(kind), text])),
  };
}

// a: start(1) sends m1 to b;  timer(2) sends m2 to c;  m3(3)
// b: start(1);  m1(2) sends m3 to a
// c: start(1);  m2(2);  sends m4 to b, which never arrives
export const STEPS = [
  ['a', 'start', 1, 0], ['b', 'start', 1, 1], ['c', 'start', 1, 2],
  ['a', 'timer', 2, 10], ['b', 'PING', 2, 20, 'a', 'm1', 0],
  ['c', 'PING', 2, 30, 'a', 'm2', 0], ['a', 'PONG', 3, 40, 'b', 'm3', 0],
];
export const SENDS = [[0, 'b', 'PING', 'm1'], [3, 'c', 'PING', 'm2'], [4, 'a', 'PONG', 'm3'],
  [5, 'b', 'PONG', 'm4']];

// The model of it.
export function whole() {
  const model = new Model();
  model.append(answer(STEPS, SENDS,
    { lost: [['c', 'b', 'm4', 'connection closed']], said: [[6, 'Done', 'in 3']] }));
  return model;
}

// The settings of a layout, by default of all of a run in real time.
export const settings = (change = {}) => ({
  axis: 'time', hidden: new Set(), grouped: new Set(), silent: new Set(), local: true, ...change,
});
