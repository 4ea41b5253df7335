// What happened before what. All of it from the recorded order: the steps of a
// peer one after the other, and a message's sending before its receipt.
//
//   clocks(model) → { lamport, order, place }   kept until the model changes
//     lamport[s]: 1 + the greatest of the steps right before it
//     order: all steps, none before one that it depends on, otherwise by time
//     place[s]: where in `order` a step is
//   cone(model, s) → { step, past, future }     two numbers for each peer
//     The past of a step is the beginning of every line, and its future the end
//     of every line: past[p] steps from the left, and those from rank future[p] on.
//   relation(model, cone, s) → SELF, PAST, FUTURE or CONCURRENT
//   messageRelation(model, cone, m) → PAST, FUTURE or CONCURRENT
//   vectorClock(model, s) → Float64Array: the number of the last step of each
//     peer that this one knows of, 0 for none

export const SELF = 0;
export const PAST = 1;
export const FUTURE = 2;
export const CONCURRENT = 3;

/** @type {WeakMap<Model, { revision: number } & ReturnType<typeof compute>>} */
const kept = new WeakMap();

/** @param {Model} model */
export function clocks(model) {
  const known = kept.get(model);
  if (known?.revision === model.revision) return known;
  const made = { revision: model.revision, ...compute(model) };
  kept.set(model, made);
  return made;
}

// Kahn's algorithm. `when` is the time of a step, moved behind what it depends
// on, if the clocks disagree with the order.
/** @param {Model} model */
function compute({ step, message, lines }) {
  const { count } = step;
  const lamport = new Uint32Array(count);
  const when = Float64Array.from(step.at.subarray(0, count));
  const open = new Uint8Array(count);
  const queue = new Int32Array(count);
  let end = 0;
  for (let s = 0; s < count; s += 1) {
    open[s] = (step.rank[s] > 0 ? 1 : 0) + (step.received[s] >= 0 ? 1 : 0);
    if (open[s] === 0) { queue[end] = s; end += 1; }
  }
  /** @param {number} s @param {number} next */
  const after = (s, next) => {
    if (lamport[next] <= lamport[s] && open[next] > 0) lamport[next] = lamport[s];
    if (when[next] < when[s]) when[next] = when[s];
    if (open[next] > 0 && (open[next] -= 1) === 0) { queue[end] = next; end += 1; }
  };
  /** @param {number} from */
  const drain = (from) => {
    for (let i = from; i < end; i += 1) {
      const s = queue[i];
      lamport[s] += 1;
      const line = lines[step.peer[s]];
      const rank = step.rank[s] + 1;
      if (rank < line.count) after(s, line.steps[rank]);
      for (let m = step.firstSent[s]; m >= 0; m = message.nextSent[m]) {
        if (message.to[m] >= 0) after(s, message.to[m]);
      }
    }
  };
  drain(0);
  if (end < count) untie(step, open, (s) => {
    const from = end;
    open[s] = 0;
    queue[end] = s;
    end += 1;
    drain(from);
  });
  return { lamport, ...linear(queue, when, lamport) };
}

// No recorded run has a cycle of steps that depend on each other, but a file from
// elsewhere can have one. The earliest step goes first.
/** @param {Steps} step @param {Uint8Array} open @param {(s: number) => void} release */
function untie(step, open, release) {
  const left = [];
  for (let s = 0; s < step.count; s += 1) if (open[s] > 0) left.push(s);
  left.sort((a, b) => step.at[a] - step.at[b]);
  for (const s of left) if (open[s] > 0) release(s);
}

// Steps with equal times are ordered by their place in the queue, which is causal.
/** @param {Int32Array} queue @param {Float64Array} when @param {Uint32Array} lamport */
function linear(queue, when, lamport) {
  const place = new Int32Array(queue.length);
  for (let i = 0; i < queue.length; i += 1) place[queue[i]] = i;
  const order = queue.sort((a, b) => when[a] - when[b] || lamport[a] - lamport[b] || place[a] - place[b]);
  for (let i = 0; i < order.length; i += 1) place[order[i]] = i;
  return { order, place };
}

/** @param {Model} model @param {number} s */
export function cone(model, s) {
  return { step: s, past: before(model, s), future: from(model, s) };
}

// Every line is walked once, from where it was known to end to where it is
// found to end now.
/** @param {Model} model @param {number} s */
function before({ step, message, lines }, s) {
  const past = new Int32Array(lines.length);
  /** @type {number[]} */
  const todo = [];
  /** @param {number} cause */
  const reach = (cause) => {
    const peer = step.peer[cause];
    const upTo = step.rank[cause] + 1;
    if (upTo <= past[peer]) return;
    todo.push(peer, past[peer], upTo);
    past[peer] = upTo;
  };
  reach(s);
  while (todo.length) {
    const [peer, begin, upTo] = todo.splice(-3);
    const line = lines[peer].steps;
    for (let rank = begin; rank < upTo; rank += 1) {
      const m = step.received[line[rank]];
      if (m >= 0) reach(message.from[m]);
    }
  }
  past[step.peer[s]] = step.rank[s];
  return past;
}

/** @param {Model} model @param {number} s */
function from({ step, message, lines }, s) {
  const future = Int32Array.from(lines, (line) => line.count);
  /** @type {number[]} */
  const todo = [];
  /** @param {number} effect */
  const reach = (effect) => {
    const peer = step.peer[effect];
    const since = step.rank[effect];
    if (since >= future[peer]) return;
    todo.push(peer, since, future[peer]);
    future[peer] = since;
  };
  reach(s);
  while (todo.length) {
    const [peer, since, end] = todo.splice(-3);
    const line = lines[peer].steps;
    for (let rank = since; rank < end; rank += 1) {
      for (let m = step.firstSent[line[rank]]; m >= 0; m = message.nextSent[m]) {
        if (message.to[m] >= 0) reach(message.to[m]);
      }
    }
  }
  future[step.peer[s]] = step.rank[s] + 1;
  return future;
}

/** @param {Model} model @param {Cone} cone @param {number} s */
export function relation({ step }, { step: self, past, future }, s) {
  if (s === self) return SELF;
  const peer = step.peer[s];
  if (step.rank[s] < past[peer]) return PAST;
  return step.rank[s] >= future[peer] ? FUTURE : CONCURRENT;
}

// A message belongs to the past when its receipt does, and to the future when
// its sending does.
/** @param {Model} model @param {Cone} around @param {number} m */
export function messageRelation(model, around, m) {
  const { from: sent, to } = model.message;
  if (to[m] >= 0) {
    const receipt = relation(model, around, to[m]);
    if (receipt === PAST || receipt === SELF) return PAST;
  }
  const sending = relation(model, around, sent[m]);
  return sending === FUTURE || sending === SELF ? FUTURE : CONCURRENT;
}

/** @param {Model} model @param {number} s */
export function vectorClock(model, s) {
  const past = before(model, s);
  past[model.step.peer[s]] += 1;
  return Float64Array.from(past, (known, peer) => (
    known ? model.step.number[model.lines[peer].steps[known - 1]] : 0));
}
