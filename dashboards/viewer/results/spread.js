// How messages spread, from the lines of results.csv: how many peers they reached, and
// after how long.

import { countRows, isTaken, oneIn, readRows } from './csv-rows.js';

const NAMES = ['message', 'after_ns', 'lost'];
// As the testbed writes it. No message is expected at such a peer.
const STOPPED = 'the peer had stopped';

// `{ messages, one, median, slowest }`: one in so many messages was read.
// Null without any.
/** @param {string} text @param {number} peers @param {number} [most] */
export function spreadOf(text, peers, most) {
  const one = oneIn(countRows(text), most);
  /** @type {Map<string, SpreadMessage>} */
  const all = new Map();
  /** @param {string} number @param {string} after @param {string} lost */
  const take = (number, after, lost) => {
    const message = all.get(number) ?? { number: Number(number), after: [], expected: peers - 1 };
    all.set(number, message);
    if (after !== '') message.after.push(Number(after));
    else if (lost === STOPPED) message.expected -= 1;
  };
  /** @param {unknown} _ @param {string} line */
  const wanted = (_, line) => isTaken(parseInt(line, 10), one);
  if (!readRows(text, NAMES, take, one > 1 ? wanted : undefined) || !all.size) return null;
  const messages = [...all.values()];
  for (const message of messages) message.after.sort((a, b) => a - b);
  const order = messages.toSorted((a, b) => whole(a) - whole(b) || b.after.length - a.after.length);
  return {
    messages: order.length, one,
    median: order[Math.ceil(order.length / 2) - 1], slowest: order[order.length - 1],
  };
}

// When a message had come to all; those that never did come last.
/** @param {SpreadMessage} message */
function whole({ after, expected }) {
  return after.length >= expected ? after.at(-1) ?? 0 : Number.MAX_VALUE;
}

// How many percent of the peers a message had reached by then.
/** @param {SpreadMessage} message @param {number} time */
export function reached({ after, expected }, time) {
  const come = after.findLastIndex((one) => one <= time) + 1;
  return (100 * come) / Math.max(1, expected);
}

// When it had reached so many percent of them; undefined if it never did.
/** @param {SpreadMessage} message @param {number} percent */
export function whenReached({ after, expected }, percent) {
  return after[Math.max(1, Math.ceil((expected * percent) / 100)) - 1];
}

// Two messages as uPlot draws them: the times of both, and the percent of each.
/** @param {SpreadMessage[]} messages */
export function stepsOf(messages) {
  const times = new Set([0, ...messages.flatMap(({ after }) => after)]);
  const x = [...times].sort((a, b) => a - b);
  /** @param {SpreadMessage} message */
  const percent = (message) => {
    let come = 0;
    return x.map((time) => {
      while (come < message.after.length && message.after[come] <= time) come += 1;
      return (100 * come) / Math.max(1, message.expected);
    });
  };
  return [x, ...messages.map(percent)];
}

// For each number of hops: the deliveries that took so many, their percent, the
// percent that took at most so many, and its theory. Hops 0 are not
// known, and left out.
/** @param {Record<string, number>} hops @param {number} peers @param {BestFanout} at */
export function hopsOf(hops, peers, at) {
  /** @type {[number, number][]} */
  const known = Object.entries(hops).map(([h, n]) => [Number(h), n]);
  const taken = known.filter(([h]) => h > 0);
  const all = taken.reduce((sum, [, n]) => sum + n, 0);
  if (!all) return [];
  const last = Math.max(Math.ceil(hopsToAll(peers, at) - 1e-9), ...taken.map(([h]) => h));
  const of = new Map(taken);
  let upTo = 0;
  return Array.from({ length: last + 1 }, (_, h) => {
    const deliveries = of.get(h) ?? 0;
    upTo += deliveries;
    const theory = (100 * Math.min(peers - 1, othersAfter(h, at))) / Math.max(1, peers - 1);
    return { hops: h, deliveries, percent: (100 * deliveries) / all, upTo: (100 * upTo) / all, theory };
  });
}

// How a message spreads at best: its publisher sends it to `first` others, and each of
// them to `beyond` more, since no peer sends it back to where it came from. As the
// run has it, in spread.rs.
/** @param {Record<string, any>} results */
export function atBest({ mesh, flood_publish: floods, fanout, degree = [] }) {
  const neighbours = degree[1] ?? (mesh ?? fanout) + 1;
  const [first, beyond] = mesh === undefined
    ? [fanout, Math.min(fanout, neighbours - 1)]
    : [floods ? neighbours : Math.min(mesh, neighbours), Math.min(mesh, neighbours) - 1];
  return { first: Math.max(1, first), beyond: Math.max(1, beyond) };
}

// How many others can have it after so many hops, if none receives it twice.
/** @param {number} hops @param {BestFanout} fanout */
const othersAfter = (hops, { first, beyond }) =>
  (beyond === 1 ? first * hops : (first * (beyond ** hops - 1)) / (beyond - 1));

// After how many hops all can have it.
/** @param {number} peers @param {BestFanout} fanout */
export const hopsToAll = (peers, { first, beyond }) => (beyond === 1 ? (peers - 1) / first
  : Math.log(1 + ((peers - 1) * (beyond - 1)) / first) / Math.log(beyond));
