// How the times of messages are distributed, from the lines of results.csv: the
// percentage that took at most a given time.

import { countRows, isTaken, number, oneIn, readRows } from './csv-rows.js';

const NAMES = ['road', 'size_bytes', 'one_way_ns', 'round_trip_ns'];
// As many points as a plot has pixels, about.
const POINTS = 400;

/** @type {[path: keyof Paths, way: 'oneWay' | 'roundTrip', label: string][]} */
export const CURVES = [
  ['stack', 'oneWay', 'one way, stack'], ['stack', 'roundTrip', 'round trip, stack'],
  ['tcp', 'oneWay', 'one way, plain TCP'], ['tcp', 'roundTrip', 'round trip, plain TCP'],
];

// `{ one, sizes: [[bytes, { stack, tcp }], …] }`, a path being `{ sent, oneWay,
// roundTrip }` with its times in order; one in so many lines was read.
/** @param {string} text @param {number} [most] */
export function timesOf(text, most) {
  const one = oneIn(countRows(text), most);
  /** @type {Map<string, Record<string, { sent: number, oneWay: number[], roundTrip: number[] }>>} */
  const sizes = new Map();
  /** @returns {{ sent: number, oneWay: number[], roundTrip: number[] }} */
  const path = () => ({ sent: 0, oneWay: [], roundTrip: [] });
  /**
   * @param {string} name
   * @param {string} bytes
   * @param {string} oneWay
   * @param {string} roundTrip
   */
  const take = (name, bytes, oneWay, roundTrip) => {
    const paths = sizes.get(bytes) ?? { stack: path(), tcp: path() };
    sizes.set(bytes, paths);
    const of = paths[name];
    if (!of) return;
    of.sent += 1;
    // What got no answer is lost, as the run counts it.
    if (oneWay === '' || roundTrip === '') return;
    of.oneWay.push(number(oneWay));
    of.roundTrip.push(number(roundTrip));
  };
  if (!readRows(text, NAMES, take, (place) => isTaken(place, one)) || !sizes.size) return null;
  /** @param {PathTimes} times */
  const sorted = ({ sent, oneWay, roundTrip }) => ({
    sent, oneWay: Float64Array.from(oneWay).sort(), roundTrip: Float64Array.from(roundTrip).sort(),
  });
  const inOrder = [...sizes].sort(([a], [b]) => Number(a) - Number(b));
  /** @type {[bytes: number, paths: Paths][]} */
  const read = inOrder.map(([bytes, { stack, tcp }]) => [
    Number(bytes), { stack: sorted(stack), tcp: sorted(tcp) }]);
  return { one, sizes: read };
}

// How many of the sorted values are at most `value`.
/** @param {ArrayLike<number>} sorted @param {number} value */
export function upTo(sorted, value) {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

// Times, each longer by the same factor, and for each curve the percentage of all sent
// messages that took at most that time: a lost message never counts. Null without times.
/** @param {Paths} paths @param {number} [points] */
export function cumulative(paths, points = POINTS) {
  const curves = CURVES.map(([path, way]) => ({ times: paths[path][way], sent: paths[path].sent }));
  const known = curves.filter(({ times }) => times.length);
  if (!known.length) return null;
  const least = Math.max(1, Math.min(...known.map(({ times }) => times[0])));
  const most = Math.max(least * 1.01, ...known.map(({ times }) => times[times.length - 1]));
  const x = Array.from({ length: points }, (_, i) => least * (most / least) ** (i / (points - 1)));
  x[points - 1] = most;
  return [x, ...curves.map(({ times, sent }) =>
    x.map((time) => (sent ? (100 * upTo(times, time)) / sent : null)))];
}
