// How the times of messages are distributed, from the lines of results.csv: how
// many percent took no longer than so.

import { countRows, isTaken, number, oneIn, readRows } from './csv-rows.js';

const NAMES = ['road', 'size_bytes', 'one_way_ns', 'round_trip_ns'];
// As many points as a plot has pixels, about.
const POINTS = 400;

export const CURVES = [
  ['stack', 'oneWay', 'one way, stack'], ['stack', 'roundTrip', 'round trip, stack'],
  ['tcp', 'oneWay', 'one way, plain TCP'], ['tcp', 'roundTrip', 'round trip, plain TCP'],
];

// `{ one, sizes: [[bytes, { stack, tcp }], …] }`, a road being `{ sent, oneWay,
// roundTrip }` with its times in order; one in so many lines was read.
export function timesOf(text, most) {
  const one = oneIn(countRows(text), most);
  const sizes = new Map();
  const road = () => ({ sent: 0, oneWay: [], roundTrip: [] });
  const take = (name, bytes, oneWay, roundTrip) => {
    if (!sizes.has(bytes)) sizes.set(bytes, { stack: road(), tcp: road() });
    const of = sizes.get(bytes)[name];
    if (!of) return;
    of.sent += 1;
    // What got no answer is lost, as the run counts it.
    if (oneWay === '' || roundTrip === '') return;
    of.oneWay.push(number(oneWay));
    of.roundTrip.push(number(roundTrip));
  };
  if (!readRows(text, NAMES, take, (place) => isTaken(place, one)) || !sizes.size) return null;
  const sorted = ({ sent, oneWay, roundTrip }) => ({
    sent, oneWay: Float64Array.from(oneWay).sort(), roundTrip: Float64Array.from(roundTrip).sort(),
  });
  const inOrder = [...sizes].sort(([a], [b]) => Number(a) - Number(b));
  return { one, sizes: inOrder.map(([bytes, { stack, tcp }]) => [Number(bytes), { stack: sorted(stack), tcp: sorted(tcp) }]) };
}

// How many of them are no greater; they are in order.
export function upTo(sorted, value) {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

// Times, each longer by the same factor, and for each curve how many percent of
// all that were sent took no longer: what is lost never comes. Null without any.
export function cumulative(roads, points = POINTS) {
  const curves = CURVES.map(([road, way]) => [roads[road][way], roads[road].sent]);
  const known = curves.filter(([times]) => times.length);
  if (!known.length) return null;
  const least = Math.max(1, Math.min(...known.map(([times]) => times[0])));
  const most = Math.max(least * 1.01, ...known.map(([times]) => times.at(-1)));
  const x = Array.from({ length: points }, (_, i) => least * (most / least) ** (i / (points - 1)));
  x[points - 1] = most;
  return [x, ...curves.map(([times, sent]) => x.map((time) => (sent ? (100 * upTo(times, time)) / sent : null)))];
}
