// The routes of a peer after one of its steps. They are in the step's state: of `state.routes`
// an entry is `peer-05 via peer-02 at 3`, and of `state.links` one of a link that is drained is
// `peer-02 own drains`.

import { getSpan } from './api.js';

const ROUTE = /^(\S+) via (\S+) at /;
const DRAINS = /^(\S+) .*drains$/;

// So many states are kept. A guess.
const MOST = 5000;

/** @type {WeakMap<Model, Map<string, Promise<Routes | null>>>} */
const kept = new WeakMap();

// Null where the state was not recorded, or cannot be read. Equal states are read once.
/** @param {Model} model @param {number} s @returns {Promise<Routes | null>} */
export function routesAfter(model, s) {
  const known = kept.get(model) ?? new Map();
  kept.set(model, known);
  const key = model.step.state[s] ? `state ${model.step.state[s]}` : model.spans[s];
  const there = known.get(key);
  if (there) return there;
  if (known.size >= MOST) known.clear();
  const read = getSpan(model.traces[model.step.trace[s]], model.spans[s])
    .then((resources) => routesIn(model, resources), () => null);
  known.set(key, read);
  read.then((routes) => { if (!routes) known.delete(key); });
  return read;
}

/** @param {Model} model @param {ResourceSpans[]} resources @returns {Routes | null} */
export function routesIn(model, resources) {
  const attributes = resources[0]?.scopeSpans?.[0]?.spans?.[0]?.attributes ?? [];
  /** @param {string} wanted @returns {string[] | undefined} */
  const texts = (wanted) => {
    const list = attributes.find((/** @type {any} */ { key }) => key === wanted)?.value?.arrayValue;
    return list && (list.values ?? []).map((/** @type {any} */ { stringValue = '' }) => stringValue);
  };
  const routes = texts('state.routes');
  if (!routes) return null;
  const via = new Map(routes.map((text) => {
    const [, to = '', next = ''] = ROUTE.exec(text) ?? [];
    return [model.peerOf(to), model.peerOf(next)];
  }));
  const drains = (texts('state.links') ?? []).map((text) => model.peerOf(DRAINS.exec(text)?.[1] ?? ''));
  return { via, drains: new Set(drains) };
}
