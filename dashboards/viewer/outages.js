// The outages of links between two peers: who had a link there, who noticed, and when traffic
// flowed again.

import { faultTimes } from './fault-times.js';
import { linkEnds } from './link-times.js';
import { add } from './otlp.js';
import { routesAfter } from './routes.js';

/** @type {WeakMap<Model, { revision: number, outages: Outage[] }>} */
const kept = new WeakMap();

// All of them, in order of their begins.
/** @param {Model} model @returns {Outage[]} */
export function outagesOf(model) {
  const known = kept.get(model);
  if (known?.revision === model.revision) return known.outages;
  const ends = linkEnds(model);
  /** @type {Map<string, LinkEnd[]>} */
  const byPair = new Map();
  for (const end of ends) add(byPair, `${end.peer} ${end.other}`, end);
  const outages = faultTimes(model).outages
    .map(({ group: [one], others: [two], at, until }) => (
      { a: model.peerOf(one), b: model.peerOf(two), at, until }))
    .filter(({ a, b }) => a >= 0 && b >= 0)
    .map((outage) => (
      { ...outage, ...useOf(model, outage, byPair), hasLinks: ends.length > 0, lanes: [0, 0] }));
  putInLanes(outages);
  kept.set(model, { revision: model.revision, outages });
  return outages;
}

// Whether one of the two had a link with the other when it went out, and at which steps they
// noticed.
/**
 * @param {Model} model
 * @param {{ a: number, b: number, at: number, until: number | null }} outage
 * @param {Map<string, LinkEnd[]>} byPair
 */
function useOf({ step }, { a, b, at, until }, byPair) {
  const ends = [...byPair.get(`${a} ${b}`) ?? [], ...byPair.get(`${b} ${a}`) ?? []]
    .filter(({ from, to }) => step.at[from] <= at && (to < 0 || step.at[to] > at));
  const noticed = ends.filter(({ to, isSilent }) => isSilent && (until === null || step.at[to] < until))
    .map(({ peer, other, to }) => ({ peer, other, step: to }))
    .sort((one, two) => step.at[one.step] - step.at[two.step]);
  return { isUsed: ends.length > 0, noticed };
}

// Whether it is more than a thin line. Where links are not known, any may be one that is used.
/** @param {Outage} outage */
export const isBand = ({ isUsed, hasLinks }) => isUsed || !hasLinks;

// Bands of one peer that overlap lie below each other, each in the first lane that is free.
/** @param {Outage[]} outages */
function putInLanes(outages) {
  /** @type {Map<number, number[]>} */
  const free = new Map();
  for (const outage of outages.filter(isBand)) {
    outage.lanes = [outage.a, outage.b].map((peer) => {
      const lanes = free.get(peer) ?? [];
      const first = lanes.findIndex((until) => until <= outage.at);
      const lane = first < 0 ? lanes.length : first;
      lanes[lane] = outage.until ?? Infinity;
      free.set(peer, lanes);
      return lane;
    });
  }
}

// The outages of a peer, those of its links alone where links are known.
/** @param {Model} model @param {number} peer */
export const outagesAt = (model, peer) => (
  outagesOf(model).filter((one) => (one.a === peer || one.b === peer) && isBand(one)));

// So many states of a peer are read for one outage. A guess.
const MOST_STATES = 300;

// When a route of one end led to the other end again, the first time after that end had
// noticed and before the outage was over. Null if none did; undefined where that is not known,
// since a state was not recorded or cannot be read.
/** @param {Model} model @param {Outage} outage @returns {Promise<Flows | null | undefined>} */
export async function flowsAgain(model, { noticed, until }) {
  let ends = until ?? Infinity;
  const found = await Promise.all(noticed.map(async ({ peer, other, step: first }) => {
    const flows = await routeAgain(model, model.step.rank[first], peer, other, () => ends);
    if (flows) ends = Math.min(ends, model.step.at[flows.step]);
    return flows;
  }));
  const all = found.filter((flows) => flows !== null && flows !== undefined)
    .sort((one, two) => model.step.at[one.step] - model.step.at[two.step]);
  return all[0] ?? (found.includes(undefined) ? undefined : null);
}

/**
 * @param {Model} model
 * @param {number} rank
 * @param {number} peer
 * @param {number} other
 * @param {() => number} ends
 */
async function routeAgain(model, rank, peer, other, ends) {
  const { step } = model;
  const line = model.line(peer);
  let [last, read] = [0, 0];
  for (let i = rank; i < line.length && step.at[line[i]] < ends(); i += 1) {
    const s = line[i];
    if (step.state[s] && step.state[s] === last) continue;
    last = step.state[s];
    read += 1;
    const routes = read > MOST_STATES ? null : await routesAfter(model, s);
    if (!routes) return undefined;
    const via = routes.via.get(other);
    if (via !== undefined) return { peer, other, via, step: s };
  }
  return null;
}
