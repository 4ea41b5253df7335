// The links that peers have with each other at a moment, as their outputs say (link-times.js):
// who has them, since when, and how many routes lead over each.

import { lowerBound } from '../diagram/binary-search.js';
import { linkEnds } from '../link-times.js';
import { add } from '../otlp.js';
import { linkOf } from './faults.js';
import { timeAt } from './moments.js';

// The overlay at moment `t`, in the places of the network; null in a run without links.
// `routes` are those of the peers at that moment, by the model's numbers, or null.
/**
 * @param {Model} model
 * @param {Moments} moments
 * @param {number} t
 * @param {Pick<Network, 'peers' | 'placeOf'>} network
 * @param {Set<number>} dead
 * @param {(Routes | null)[]} routes
 * @returns {Overlay | null}
 */
export function overlayAt(model, moments, t, { peers, placeOf }, dead, routes = []) {
  const all = linkEnds(model);
  if (!all.length) return null;
  const now = timeAt(model, moments, t);
  /** @param {LinkEnd} end */
  const isOpen = ({ peer, from, to }) => (
    moments.at[from] <= t && !(to >= 0 && moments.at[to] <= t) && !dead.has(placeOf[peer]));
  /** @type {Map<string, LinkEnd[]>} */
  const pairs = new Map();
  for (const end of all.filter(isOpen)) add(pairs, linkOf(placeOf[end.peer], placeOf[end.other]), end);
  const links = [...pairs.values()].map((ends) => {
    const [{ peer, other }] = ends;
    const [one, two] = placeOf[peer] < placeOf[other] ? [peer, other] : [other, peer];
    const over = [[one, two], [two, one]].map(([from, to]) => countOver(routes[from], to));
    const since = Math.max(...ends.map(({ from }) => model.step.at[from]));
    return {
      a: placeOf[one], b: placeOf[two], of: ends.length > 1 ? -1 : placeOf[peer],
      age: Math.max(0, now - since),
      opener: placeOf[ends.find(({ own }) => own)?.peer ?? -1] ?? -1,
      drains: Boolean(routes[one]?.drains.has(two) || routes[two]?.drains.has(one)),
      routes: over.includes(-1) ? null : /** @type {[number, number]} */ (over),
    };
  });
  return { links, ...componentsOf(peers.length, links.filter(({ of }) => of < 0), dead) };
}

// How many of a peer's routes lead over that neighbour; -1 if that is not known.
/** @param {Routes | null | undefined} routes @param {number} next */
function countOver(routes, next) {
  if (!routes) return -1;
  return [...routes.via.values()].filter((via) => via === next).length;
}

// The last step of each peer up to a moment, -1 for none.
/** @param {Model} model @param {Moments} moments @param {number} t */
export function lastSteps(model, moments, t) {
  return model.lines.map((_, peer) => {
    const line = model.line(peer);
    const later = lowerBound(line.length, (i) => (moments.at[line[i]] <= t ? 0 : 1), 1);
    return later > 0 ? line[later - 1] : -1;
  });
}

// The components of the peers that are not down, the largest first.
/** @param {number} count @param {{ a: number, b: number }[]} links @param {Set<number>} down */
export function componentsOf(count, links, down) {
  const root = Int32Array.from({ length: count }, (_, i) => i);
  /** @param {number} i */
  const find = (i) => {
    let top = i;
    while (root[top] !== top) top = root[top];
    for (let next = i; next !== top; [root[next], next] = [top, root[next]]);
    return top;
  };
  for (const { a, b } of links) root[Math.max(find(a), find(b))] = Math.min(find(a), find(b));
  const up = [...root.keys()].filter((place) => !down.has(place));
  /** @type {Map<number, number[]>} */
  const byRoot = new Map();
  for (const place of up) add(byRoot, find(place), place);
  const groups = [...byRoot.values()].sort((a, b) => b.length - a.length || a[0] - b[0]);
  const component = new Int32Array(count).fill(-1);
  groups.forEach((places, number) => places.forEach((place) => { component[place] = number; }));
  return { component, sizes: groups.map(({ length }) => length) };
}

// The network whose connections are the links that both ends have, and what is broken of it:
// between peers without a link nothing is.
/** @param {Network} network @param {Broken} broken @param {Overlay} overlay */
export function withOverlay(network, { cut, dead }, overlay) {
  const both = overlay.links.filter(({ of }) => of < 0);
  const neighbours = network.peers.map(() => /** @type {Set<number>} */ (new Set()));
  for (const { a, b } of both) {
    neighbours[a].add(b);
    neighbours[b].add(a);
  }
  const links = overlay.links.map(({ a, b }) => linkOf(a, b));
  return {
    network: { ...network, edges: both.map(({ a, b }) => [a, b]), neighbours, ways: new Map(), overlay },
    broken: { cut: new Set(links.filter((link) => cut.has(link))), dead },
  };
}
