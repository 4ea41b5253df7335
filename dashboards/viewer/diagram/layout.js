// Where everything is, independent of zoom: the peers' rows from top to bottom, and
// each step's place on the axis.
//
//   arrange(model, settings) → layout
//     settings: { axis: 'time' | 'logical', hidden, grouped: Sets of peers,
//                 silent: Set of kinds whose messages are not drawn, local: false hides local steps,
//                 names: what peers are called besides, by their numbers }
//     layout.rows     [{ name, label, peers }]: grouped peers share the last row
//     layout.rowOf    of each peer, -1: hidden
//     layout.x        of each step, in ns (time) or columns (logical)
//     layout.all      of each peer, all of its steps; layout.peerOf: of each step, its peer
//     layout.lines    of each peer { steps, xs, outputs }: what is drawn of it, and where; the places
//                     among these steps of those with outputs
//     layout.start, .end   of each message, on the axis
//     layout.drawn    of each message: 1 where it is to be drawn
//     layout.begin, .finish   the ends of the axis
//     layout.column   (logical) the Lamport clock that a column stands for
//     layout.kinds    those that messages have
//     layout.broken, .lost   whether a message never arrived; whether one is recorded as lost
//     layout.timed    whether a step handles a timer whose name is known
//     layout.flight   how long a message usually takes

import { clocks } from '../causality.js';

/** @param {Model} model @param {LayoutSettings} settings */
export function arrange(model, { axis, hidden, grouped, silent, local, names = [] }) {
  const { rows, rowOf } = toRows(model, hidden, grouped, names);
  const shown = visible(model, rowOf, local);
  const kinds = sentKinds(model);
  const logical = axis === 'logical' ? columns(model, shown) : null;
  const x = logical?.x ?? model.step.at;
  const lines = model.lines.map((_, peer) => toLine(model, model.line(peer), x, shown));
  const flight = logical ? 1 : usualFlight(model);
  return {
    axis, rows, rowOf, x, lines, flight, kinds,
    broken: model.message.to.subarray(0, model.message.count).includes(-1),
    lost: model.reasons.length > 0,
    timed: model.timers.some((name) => name !== ''),
    all: model.lines.map((_, peer) => model.line(peer)),
    peerOf: model.step.peer,
    ...toArrows(model, x, rowOf, silent, flight),
    begin: logical ? 1 : Math.min(model.first, model.last),
    finish: logical ? logical.column.length : lastOf(lines, model),
    column: logical?.column,
  };
}

/** @param {Model} model @param {Set<number>} hidden @param {Set<number>} grouped @param {string[]} names */
function toRows(model, hidden, grouped, names) {
  const rowOf = new Int32Array(model.peers.length).fill(-1);
  const rows = [];
  const together = [];
  for (const peer of model.inOrder) {
    if (hidden.has(peer)) continue;
    if (grouped.has(peer)) { together.push(peer); continue; }
    rowOf[peer] = rows.length;
    const name = model.peers[peer];
    const called = names[Number(/^peer-(\d+)$/.exec(name)?.[1])];
    rows.push({ name, label: called ? `${called} ${name}` : name, peers: [peer] });
  }
  if (together.length) {
    for (const peer of together) rowOf[peer] = rows.length;
    const name = `${together.length} peers`;
    rows.push({ name, label: name, peers: together });
  }
  return { rows, rowOf };
}

// The other kinds are names of steps that handle no message.
/** @param {Model} model */
export function sentKinds({ message, kinds }) {
  const seen = new Uint8Array(kinds.length);
  for (let m = 0; m < message.count; m += 1) seen[message.kind[m]] = 1;
  return [...seen.keys()].filter((kind) => seen[kind]);
}

// A local step neither receives nor sends.
/** @param {Model} model @param {number} s */
export function isLocal({ step }, s) {
  return step.from[s] < 0 && step.firstSent[s] < 0;
}

/** @param {Model} model @param {Int32Array} rowOf @param {boolean} local */
function visible(model, rowOf, local) {
  const shown = new Uint8Array(model.step.count);
  for (let s = 0; s < shown.length; s += 1) {
    shown[s] = rowOf[model.step.peer[s]] >= 0 && (local || !isLocal(model, s)) ? 1 : 0;
  }
  return shown;
}

// Logical time has no gaps: a clock that no visible step shows gets no column.
/** @param {Model} model @param {Uint8Array} shown */
function columns(model, shown) {
  const { lamport } = clocks(model);
  let most = 0;
  for (let s = 0; s < shown.length; s += 1) if (lamport[s] > most) most = lamport[s];
  const place = new Int32Array(most + 2);
  for (let s = 0; s < shown.length; s += 1) if (shown[s]) place[lamport[s]] = 1;
  const column = [];
  for (let clock = 1; clock <= most; clock += 1) {
    if (place[clock]) column.push(clock);
    place[clock] = column.length;
  }
  return { column, x: Float64Array.from(shown, (_, s) => place[lamport[s]]) };
}

// `xs` never falls, so that it can be searched: where a clock was set back, a
// step counts as being as late as the one before it.
/** @param {Model} model @param {Int32Array} steps @param {Float64Array} x @param {Uint8Array} shown */
function toLine(model, steps, x, shown) {
  const seen = steps.filter((s) => shown[s]);
  const xs = new Float64Array(seen.length);
  let latest = -Infinity;
  for (let i = 0; i < seen.length; i += 1) {
    latest = Math.max(latest, x[seen[i]]);
    xs[i] = latest;
  }
  const outputs = [...seen.keys()].filter((i) => model.outputs.has(seen[i]));
  return { steps: seen, xs, outputs };
}

/** @param {{ xs: Float64Array }[]} lines @param {Model} model */
function lastOf(lines, model) {
  const last = lines.reduce((most, { xs }) => (xs.length ? Math.max(most, xs[xs.length - 1]) : most),
    -Infinity);
  return Number.isFinite(last) ? last : model.last;
}

/**
 * @param {Model} model
 * @param {Float64Array} x
 * @param {Int32Array} rowOf
 * @param {Set<number>} silent
 * @param {number} flight
 */
function toArrows({ message }, x, rowOf, silent, flight) {
  const start = new Float64Array(message.count);
  const end = new Float64Array(message.count);
  const drawn = new Uint8Array(message.count);
  for (let m = 0; m < message.count; m += 1) {
    const [from, to] = [rowOf[message.sender[m]], rowOf[message.receiver[m]]];
    start[m] = x[message.from[m]];
    end[m] = message.to[m] < 0 ? start[m] + flight : x[message.to[m]];
    drawn[m] = from >= 0 && to >= 0 && from !== to && !silent.has(message.kind[m]) ? 1 : 0;
  }
  return { start, end, drawn };
}

// The median of a few hundred flights is the length of an arrow that never arrived.
const SAMPLE = 500;

/** @param {Model} model */
function usualFlight({ message, step, first, last }) {
  const every = Math.max(1, Math.floor(message.count / SAMPLE));
  const taken = [];
  for (let m = 0; m < message.count; m += every) {
    if (message.to[m] >= 0) taken.push(step.at[message.to[m]] - step.at[message.from[m]]);
  }
  taken.sort((a, b) => a - b);
  return Math.max(1, taken[taken.length >> 1] ?? (last - first) / 20);
}
