// Two traces, laid on each other: a span of one stands beside the span of the
// other that has the same place in the tree, by peers' and operations' names.

import { add } from '../otlp.js';

/** @param {Span} span */
const nameOf = ({ service, name }) => JSON.stringify([service, name]);

// The lines of the comparison in tree order: `{ a, b, depth }`, where `a` or
// `b` is null for a span that the other trace does not have. Among children
// with the same name the first belongs to the first, and so on.
/** @param {Trace} first @param {Trace} second */
export function align(first, second) {
  const [below, beside] = [childrenOf(first), childrenOf(second)];
  /** @type {AlignedSpans[]} */
  const lines = [];
  const todo = pairs(below(-1), beside(-1)).map((pair) => ({ ...pair, depth: 0 })).toReversed();
  for (let line = todo.pop(); line; line = todo.pop()) {
    lines.push(line);
    const next = pairs(line.a ? below(line.a.index) : [], line.b ? beside(line.b.index) : []);
    for (const pair of next.toReversed()) todo.push({ ...pair, depth: line.depth + 1 });
  }
  return lines;
}

/** @param {Trace} trace */
function childrenOf({ spans }) {
  /** @type {Map<number, Span[]>} */
  const children = new Map();
  for (const span of spans) add(children, span.parent, span);
  return (/** @type {number} */ index) => children.get(index) ?? [];
}

/** @param {Span[]} ours @param {Span[]} theirs @returns {Pick<AlignedSpans, 'a' | 'b'>[]} */
function pairs(ours, theirs) {
  /** @type {Map<string, Span[]>} */
  const waiting = new Map();
  for (const b of theirs) add(waiting, nameOf(b), b);
  const found = ours.map((a) => ({ a, b: waiting.get(nameOf(a))?.shift() ?? null }));
  const left = [...waiting.values()].flat().map((b) => ({ a: null, b }));
  /** @param {Pick<AlignedSpans, 'a' | 'b'>} pair */
  const start = ({ a, b }) => (a ?? b)?.start ?? 0;
  return left.length ? [...found, ...left].toSorted((x, y) => start(x) - start(y)) : found;
}
