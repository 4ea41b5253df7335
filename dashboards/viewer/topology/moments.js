// The run, moment by moment: which messages are under way, and what has
// happened until then.
//
// A moment is a number. On the axis `steps` it is how many steps of the run
// came before, in the order of causes: every step takes as long as any other,
// so that bursts can be followed. On the axis `time` it is nanoseconds.

import { clocks } from '../causality.js';

// `{ sent, got, at, begin, end }`: when each message left and arrived, when
// each step was, and the ends. A message that got lost flies for as long as
// they usually do; one that is still under way never arrives (Infinity).
/** @param {Model} model @param {'steps' | 'time'} axis */
export function momentsOf(model, axis) {
  const { step, message } = model;
  const at = axis === 'steps' ? Float64Array.from(clocks(model).place) : step.at.slice(0, step.count);
  const sent = new Float64Array(message.count);
  const got = new Float64Array(message.count);
  for (let m = 0; m < message.count; m += 1) {
    sent[m] = at[message.from[m]];
    got[m] = message.to[m] < 0 ? Infinity : Math.max(sent[m], at[message.to[m]]);
  }
  const flights = got.map((t, m) => t - sent[m]).filter((t) => t < Infinity).sort();
  const usual = flights[flights.length >> 1] || 1;
  for (let m = 0; m < message.count; m += 1) {
    if (message.to[m] < 0 && message.reason[m] >= 0) got[m] = sent[m] + usual;
  }
  const ends = at.reduce(([low, high], t) => [Math.min(low, t), Math.max(high, t)], [Infinity, -Infinity]);
  const [begin, end] = step.count ? ends : [0, 0];
  return { axis, sent, got, at, begin, end, usual };
}

// The time at a moment, in ns after the model's base.
/** @param {Model} model @param {Moments} moments @param {number} t */
export function timeAt(model, { axis, end }, t) {
  if (axis === 'time' || !model.step.count) return t;
  return model.step.at[clocks(model).order[Math.floor(Math.max(0, Math.min(t, end)))]];
}

// The messages between two different peers that are under way at `t`.
/** @param {Model} model @param {Moments} moments @param {number} t */
export function underWay({ message }, { sent, got }, t) {
  const found = [];
  for (let m = 0; m < sent.length; m += 1) {
    if (sent[m] <= t && t < got[m] && message.sender[m] !== message.receiver[m]) found.push(m);
  }
  return found;
}

// How far on its way a message is, from 0 to 1. A message that never
// arrives stops half-way: the rest of its way is unknown.
/** @param {Pick<Moments, 'sent' | 'got' | 'usual'>} moments @param {number} m @param {number} t */
export function progress({ sent, got, usual }, m, t) {
  if (got[m] === Infinity) return Math.min(0.5, (t - sent[m]) / usual / 2);
  return got[m] > sent[m] ? (t - sent[m]) / (got[m] - sent[m]) : 1;
}

// What had happened to each peer until `t`: steps, messages sent and received,
// and its last step (-1: none).
/** @param {Model} model @param {Moments} moments @param {number} t */
export function until(model, { at, sent }, t) {
  const { step, message, peers } = model;
  const tally = {
    steps: new Int32Array(peers.length), sent: new Int32Array(peers.length),
    received: new Int32Array(peers.length), last: new Int32Array(peers.length).fill(-1),
  };
  for (let s = 0; s < at.length; s += 1) {
    if (at[s] > t) continue;
    const peer = step.peer[s];
    tally.steps[peer] += 1;
    if (step.received[s] >= 0) tally.received[peer] += 1;
    if (tally.last[peer] < 0 || step.rank[tally.last[peer]] < step.rank[s]) tally.last[peer] = s;
  }
  for (let m = 0; m < sent.length; m += 1) {
    if (sent[m] <= t && !message.copy[m]) tally.sent[message.sender[m]] += 1;
  }
  return tally;
}

// How many messages each peer had sent each other until `t`, row by row.
/** @param {Model} model @param {Moments} moments @param {number} t */
export function pairs({ message, peers }, { sent }, t) {
  const count = new Uint32Array(peers.length * peers.length);
  for (let m = 0; m < sent.length; m += 1) {
    if (sent[m] <= t) count[message.sender[m] * peers.length + message.receiver[m]] += 1;
  }
  return count;
}
