// Which peers are connected, in the numbers of the model, and where each peer is
// drawn.

import { linkOf } from './faults.js';

// How connections come about, in the order in which they are preferred.
export const WAYS = /** @type {Way[]} */ (['direct', 'reversed', 'punched', 'relayed']);

// `{ peers, edges, neighbours, regions, ways }`: peers by name in natural order, edges
// as pairs of places in that list, the regions of peers by their names, and the ways of
// connections by their links (linkOf), where they are known. Peers that the model does not
// know yet are there as well: they are connected, and have done nothing. `overlay` is null
// here (overlay.js).
/**
 * @param {[string, string][]} edges
 * @param {Model | null} model
 * @param {Record<string, string>} regions
 * @param {[string, string, Way][]} ways
 */
export function networkOf(edges, model, regions = {}, ways = []) {
  const known = model ? model.peers : [];
  const collator = new Intl.Collator('en', { numeric: true });
  const peers = [...new Set([...known, ...edges.flat()])].sort(collator.compare);
  const place = new Map(peers.map((name, i) => [name, i]));
  /** @type {(name: string) => number} */
  const placeIn = (name) => place.get(name) ?? -1;
  const neighbours = peers.map(() => /** @type {Set<number>} */ (new Set()));
  const pairs = edges.map(([a, b]) => [placeIn(a), placeIn(b)]);
  for (const [a, b] of pairs) {
    neighbours[a].add(b);
    neighbours[b].add(a);
  }
  const wayOf = new Map(ways.map(([a, b, way]) => [linkOf(placeIn(a), placeIn(b)), way]));
  const placeOf = Int32Array.from(known, placeIn);
  const overlay = /** @type {Overlay | null} */ (null);
  return { peers, place, edges: pairs, neighbours, regions, ways: wayOf, placeOf, overlay };
}

// How many connections came about in which way, in words; empty where no way is known.
/** @param {Pick<Network, 'ways'>} network */
export function waysInWords({ ways }) {
  const all = [...ways.values()];
  const counts = WAYS.map((way) => ({ way, count: all.filter((one) => one === way).length }));
  return counts.filter(({ count }) => count > 0).map(({ way, count }) => `${count} ${way}`).join(', ');
}

// Degrees in a sentence.
/** @param {Network} network */
export function degreesInWords({ neighbours }) {
  const all = neighbours.map(({ size }) => size).sort((a, b) => a - b);
  if (!all.length) return '';
  const [least, most] = [all[0], all.at(-1)];
  if (least === most) return `each with ${least} ${least === 1 ? 'neighbour' : 'neighbours'}`;
  return `each with ${least} to ${most} neighbours, ${all[all.length >> 1]} in the middle`;
}

// Places between 0 and 1, `[x, y]` for each peer. A topology with a shape is drawn in
// that shape; any other is a circle, where every line can be seen.
/** @param {string | undefined} topology @param {number} count */
export function layout(topology, count) {
  const shape = SHAPES[topology ?? ''] ?? circle;
  return Array.from({ length: count }, (_, i) => shape(i, count));
}

/** @type {Record<string, (i: number, n: number) => number[]>} */
const SHAPES = {
  line: (i, n) => (n < 2 ? [0.5, 0.5] : winding(i, n)),
  star: (i, n) => (i === 0 ? [0.5, 0.5] : circle(i - 1, n - 1)),
  tree: (i, n) => {
    const level = Math.floor(Math.log2(i + 1));
    const levels = Math.floor(Math.log2(n)) + 1;
    return [(i + 1 - 2 ** level + 0.5) / 2 ** level, (level + 0.5) / levels];
  },
  grid: (i, n) => {
    const width = Math.ceil(Math.sqrt(n));
    const rows = Math.ceil(n / width);
    return [(i % width + 0.5) / width, (Math.floor(i / width) + 0.5) / rows];
  },
};

/** @param {number} i @param {number} n */
function circle(i, n) {
  const angle = (i / Math.max(1, n)) * 2 * Math.PI - Math.PI / 2;
  return [0.5 + 0.5 * Math.cos(angle), 0.5 + 0.5 * Math.sin(angle)];
}

// A long line goes to and fro, so that its peers keep apart.
/** @param {number} i @param {number} n */
function winding(i, n) {
  const width = n <= 10 ? n : Math.ceil(Math.sqrt(n * 1.6));
  const rows = Math.ceil(n / width);
  const row = Math.floor(i / width);
  const column = row % 2 ? width - 1 - (i % width) : i % width;
  return [(column + 0.5) / width, (row + 0.5) / rows];
}
