// Kademlia's operations, from the lines of results.csv.

import { countRows, isTaken, number, oneIn, readRows } from './csv-rows.js';

const NAMES = ['kind', 'intended_unix_ns', 'after_ns', 'hops', 'right', 'of', 'failed'];
// More points than these cover each other.
const MOST_POINTS = 5000;

// `{ operations, one }`: one in so many was read; `at` is in ns after the first.
/** @param {string} text @param {number} [most] */
export function lookupsOf(text, most) {
  const one = oneIn(countRows(text), most);
  /** @type {bigint[]} */
  const times = [];
  /** @type {Lookup[]} */
  const operations = [];
  /**
   * @param {string} kind
   * @param {string} intended
   * @param {string} after
   * @param {string} hops
   * @param {string} right
   * @param {string} of
   * @param {string} failed
   */
  const take = (kind, intended, after, hops, right, of, failed) => {
    times.push(BigInt(intended));
    operations.push({
      kind, at: 0, after: number(after), hops: number(hops), right: number(right), of: number(of), failed,
    });
  };
  const found = readRows(text, NAMES, take, (place) => isTaken(place, one));
  if (!found || !operations.length) return null;
  const first = times.reduce((least, time) => (time < least ? time : least));
  operations.forEach((operation, i) => { operation.at = Number(times[i] - first); });
  operations.sort((a, b) => a.at - b.at);
  return { operations, one };
}

// How many succeeded lookups of each kind took so many hops: `[[kind, [n, …]], …]`.
/** @param {Lookup[]} operations @param {string[]} kinds */
export function hopsByKind(operations, kinds) {
  const known = operations.filter(({ failed, hops }) => !failed && !Number.isNaN(hops));
  const last = known.reduce((most, { hops }) => Math.max(most, hops), 0);
  /** @type {Map<string, number[]>} */
  const counts = new Map(kinds.map((kind) => [kind, new Array(last + 1).fill(0)]));
  for (const { kind, hops } of known) {
    const all = counts.get(kind);
    if (all) all[hops] += 1;
  }
  return [...counts].filter(([, all]) => all.some((n) => n > 0));
}

// Bars of several kinds beside each other, as uPlot takes them: each bar has an
// x of its own, around its number of hops. In percent of its kind.
/** @param {[kind: string, counts: number[]][]} counts */
export function besideEachOther(counts) {
  /** @type {{ x: number, kind: number, percent: number }[]} */
  const bars = [];
  counts.forEach(([, all], kind) => {
    const sum = all.reduce((a, b) => a + b, 0);
    const aside = (kind - (counts.length - 1) / 2) / (counts.length + 1);
    all.forEach((n, hops) => bars.push({ x: hops + aside, kind, percent: (100 * n) / sum }));
  });
  bars.sort((a, b) => a.x - b.x);
  /** @param {number} kind */
  const of = (kind) => bars.map((bar) => (bar.kind === kind ? bar.percent : null));
  return [bars.map(({ x }) => x), ...counts.map((_, kind) => of(kind))];
}

// The operations that are drawn: of too many, one in so many; but all that failed, as far
// as there is room.
/** @param {Lookup[]} operations @param {number} [most] */
export function drawnOf(operations, most = MOST_POINTS) {
  const one = oneIn(operations.length, most);
  const failed = oneIn(operations.filter((operation) => operation.failed).length, most);
  return { one, drawn: operations.filter((operation, i) => isTaken(i, operation.failed ? failed : one)) };
}

// The oracle's counts: `[[right, of, lookups], …]`, the best first.
/** @param {Lookup[]} operations */
export function rightOf(operations) {
  const found = new Map();
  for (const { right, of } of operations) {
    if (Number.isNaN(right)) continue;
    const key = `${right} ${of}`;
    found.set(key, (found.get(key) ?? 0) + 1);
  }
  const all = [...found].map(([key, n]) => [...key.split(' ').map(Number), n]);
  return all.sort(([a], [b]) => b - a);
}
