// The injected faults, moment by moment: links that were cut and healed, peers that
// were killed and restarted, and partitions.

import { useEffect, useMemo, useState } from '../vendor/preact-htm.js';
import { faultTimes } from '../fault-times.js';
import { timeAt } from './moments.js';

// Two peers' link, by their places in either order.
/** @param {number} a @param {number} b */
export const linkOf = (a, b) => (a < b ? `${a} ${b}` : `${b} ${a}`);

// The moment of each fault (moments.js). On the axis of steps, a fault comes before the
// first later step.
/** @param {Fault[]} faults @param {Model} model @param {Moments} moments */
export function whenDone(faults, model, { axis }) {
  if (axis === 'time') return faults.map(({ at }) => at);
  const times = model.step.at.slice(0, model.step.count).sort();
  return faults.map(({ at }) => earlier(times, at));
}

/** @param {Float64Array} times @param {number} at */
function earlier(times, at) {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}

// What these faults, in their order, have left: `cut` has the links (linkOf),
// `dead` the places of peers.
/** @param {Fault[]} faults @param {Pick<Network, 'place'>} network */
export function brokenBy(faults, { place }) {
  /** @type {Set<string>} */
  const cut = new Set();
  /** @type {Set<number>} */
  const dead = new Set();
  for (const { action, peer, other = '' } of faults) {
    const [one, two] = [place.get(peer) ?? -1, place.get(other) ?? -1];
    const link = linkOf(one, two);
    if (action === 'kill') dead.add(one);
    else if (action === 'restart') dead.delete(one);
    else if (action === 'cut') cut.add(link);
    else if (action === 'heal') cut.delete(link);
  }
  return { cut, dead };
}

// The partitions and outages that last at that time.
/** @param {Model} model @param {number} time */
const separationsAt = (model, time) => faultTimes(model).separations
  .filter(({ isLink, at, until }) => !isLink && at <= time && (until === null || until > time));

// The connections between the two sides of one of these.
/** @param {Model} model @param {Pick<Network, 'peers' | 'edges'>} network @param {number} time */
export function partedAt(model, { peers, edges }, time) {
  const now = separationsAt(model, time);
  /** @param {string} one @param {string} other */
  const isParted = (one, other) => now.some(({ group, others }) => (
    (group.includes(one) && others.includes(other)) || (group.includes(other) && others.includes(one))));
  if (!now.length) return [];
  return edges.filter(([a, b]) => isParted(peers[a], peers[b])).map(([a, b]) => linkOf(a, b));
}

// The links cut and peers killed at the moment that the player shows.
/**
 * @param {Fault[]} faults
 * @param {Network} network
 * @param {Model | null} model
 * @param {Moments | null} moments
 * @param {Player} player
 */
export function useBroken(faults, network, model, moments, player) {
  const times = useMemo(() => (model && moments ? whenDone(faults, model, moments) : []), [faults, moments]);
  const [done, setDone] = useState(faults.length);
  const [parted, setParted] = useState({ time: Infinity, by: '' });
  useEffect(() => player.watch(({ at, end, following }) => {
    // At the end all faults count, even those after the last step that is known.
    const isEnd = following || at >= end;
    setDone(isEnd ? faults.length : times.filter((time) => time <= at).length);
    const time = isEnd || !model || !moments ? Infinity : timeAt(model, moments, at);
    const by = model ? separationsAt(model, time).map(({ at }) => at).join() : '';
    setParted((last) => (last.by === by ? last : { time, by }));
  }), [player, faults, times]);
  return useMemo(() => {
    const { cut, dead } = brokenBy(faults.slice(0, done), network);
    return { cut: new Set([...cut, ...model ? partedAt(model, network, parted.time) : []]), dead };
  }, [faults, done, parted, network]);
}
