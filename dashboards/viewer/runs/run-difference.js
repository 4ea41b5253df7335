// Where two runs diverge: peer by peer, the first step that differs, in what it did or
// in the state it left. Times are not compared, since no two runs have the same.

import { clocks } from '../causality.js';

// `{ parts, first, alone }`. `parts` has, for each peer in natural order,
// `{ peer, same, a, b, what }`: how many steps are the same from the start,
// the first two that are not (-1: there is none), and what differs in them, as
// `[name, in a, in b]`; `what` is empty where all is the same. `first` is the
// part whose difference has no other before it, or null. `alone` has the peers
// that only a, and only b, has: they count as a difference only if there is no
// other.
/** @param {Model} a @param {Model} b */
export function compare(a, b) {
  const names = [...new Set([...inOrder(a), ...inOrder(b)])];
  const parts = names.map((peer) => lineOf(peer, a, b));
  const alone = [[a, b], [b, a]].map(([one, other]) => inOrder(one).filter((peer) => other.peerOf(peer) < 0));
  const apart = parts.filter(({ what }) => what.length > 0);
  const shared = apart.filter(({ peer }) => !alone.flat().includes(peer));
  return { parts, alone, first: earliest(shared.length ? shared : apart, a, b) };
}

/** @param {Model} model */
const inOrder = (model) => model.inOrder.map((peer) => model.peers[peer]);

/** @param {string} peer @param {Model} a @param {Model} b */
function lineOf(peer, a, b) {
  const [ours, theirs] = [a, b].map((model) => {
    const known = model.peerOf(peer);
    return known < 0 ? [] : model.line(known);
  });
  const length = Math.max(ours.length, theirs.length);
  for (let i = 0; i < length; i += 1) {
    const [s, t] = [ours[i] ?? -1, theirs[i] ?? -1];
    const what = differences(a, s, b, t);
    if (what.length) return { peer, same: i, a: s, b: t, what };
  }
  return { peer, same: length, a: -1, b: -1, what: [] };
}

/** @param {Model} a @param {number} s @param {Model} b @param {number} t */
function differences(a, s, b, t) {
  if (s < 0 || t < 0) {
    return [['step', s < 0 ? 'no more step' : stepInShort(a, s), t < 0 ? 'no more step' : stepInShort(b, t)]];
  }
  const rows = [
    ['step', a.kinds[a.step.kind[s]], b.kinds[b.step.kind[t]]],
    ['from', sender(a, s), sender(b, t)],
    ['message', message(a, s), message(b, t)],
    ['said', said(a, s), said(b, t)],
    ['sends', sends(a, s), sends(b, t)],
    ['state after it', ...states(a.step.state[s], b.step.state[t])],
  ];
  return rows.filter(([, x, y]) => x !== y);
}

/** @param {Model} model @param {number} s */
const sender = (model, s) => (model.step.from[s] < 0 ? 'no peer' : model.peers[model.step.from[s]]);
/** @param {Model} model @param {number} s */
const message = (model, s) => (model.step.received[s] < 0 ? '' : model.texts[model.step.received[s]]);
/** @param {Model} model @param {number} s */
const said = (model, s) => (model.outputs.get(s) ?? []).map(({ kind, text }) => `${kind} ${text}`.trim()).join('; ');

// A state that was not recorded counts as equal to any.
/** @param {number} x @param {number} y */
const states = (x, y) => (x === y || x === 0 || y === 0 ? ['', ''] : ['one', 'another']);

// A copy that the network made is nothing that the step did.
/** @param {Model} model @param {number} s */
function sends(model, s) {
  const { message: m } = model;
  /** @param {number} i */
  const one = (i) => `${model.kinds[m.kind[i]]} to ${model.peers[m.receiver[i]]}${model.texts[i] ? `: ${model.texts[i]}` : ''}`;
  return model.sent(s).filter((i) => !m.copy[i]).map(one).join('; ') || 'nothing';
}

// A step in words.
/** @param {Model} model @param {number} s */
export function stepInShort(model, s) {
  const kind = model.kinds[model.step.kind[s]];
  const from = model.step.from[s] < 0 ? '' : ` from ${sender(model, s)}`;
  const text = message(model, s);
  return `${kind}${from}${text ? ` (${text})` : ''}`;
}

// The part whose difference comes first in the order of causes, by the run
// that has the step: what comes later can be its consequence.
/** @param {PeerDifference[]} parts @param {Model} a @param {Model} b */
function earliest(parts, a, b) {
  const [ours, theirs] = [clocks(a).place, clocks(b).place];
  const most = Math.max(ours.length, theirs.length, 1);
  /** @param {PeerDifference} part */
  const when = (part) => Math.min(
    part.a < 0 ? Infinity : ours[part.a] / most, part.b < 0 ? Infinity : theirs[part.b] / most);
  return parts.reduce((best, part) => (best && when(best) <= when(part) ? best : part),
    /** @type {PeerDifference | null} */ (null));
}
