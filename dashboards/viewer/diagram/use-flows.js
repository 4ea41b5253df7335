// When traffic flowed again in the outages in sight, and in those of the selected peer (outages.js).

import { useEffect, useRef, useState } from '../vendor/preact-htm.js';
import { flowsAgain, outagesAt, outagesOf } from '../outages.js';
import { placeOf } from './paint-downtimes.js';

// With more outages in sight, none is looked into: a state or more is read for each. A guess.
const MOST_READ = 100;
// The view has come to rest when it was not moved for so long (ms).
const REST = 300;

/** @param {Outage} outage */
export const outageKey = ({ a, b, at, until }) => `${a} ${b} ${at} ${until}`;

// Nothing is read before the run is; while it goes on, those outages alone that are over.
/**
 * @param {Model} model
 * @param {number} revision
 * @param {{ layout: Layout, view: View, peer: number, live: boolean, whole: boolean }} shown
 * @returns {FlowsOf}
 */
export function useFlows(model, revision, { layout, view, peer, live, whole }) {
  const [flows, setFlows] = useState(/** @type {FlowsOf} */ (new Map()));
  const known = useRef(flows);
  useEffect(() => {
    if (!whole) return undefined;
    let stopped = false;
    const read = async () => {
      const seen = isTooMany(model, layout, view) ? [] : inSight(model, layout, view);
      const all = [...peer < 0 ? [] : outagesAt(model, peer), ...seen];
      for (const outage of all.filter(({ noticed }) => noticed.length > 0)) {
        const key = outageKey(outage);
        if (known.current.has(key) || (live && !isOver(model, outage))) continue;
        const found = await flowsAgain(model, outage);
        if (stopped) return;
        known.current = new Map(known.current).set(key, found);
        setFlows(known.current);
      }
    };
    const timer = setTimeout(read, REST);
    return () => {
      stopped = true;
      clearTimeout(timer);
    };
  }, [model, revision, layout, view, peer, live, whole]);
  return flows;
}

/** @param {Model} model @param {Layout} layout @param {View} view */
function inSight(model, layout, { start, span }) {
  return outagesOf(model).filter(({ a, at, until, noticed }) => noticed.length > 0
    && placeOf(model, layout, a, at, false) < start + span
    && (until === null || placeOf(model, layout, a, until, true) > start));
}

/** @param {Model} model @param {Layout} layout @param {View} view */
export const isTooMany = (model, layout, view) => inSight(model, layout, view).length > MOST_READ;

// Whether both ends have taken a step since.
/** @param {Model} model @param {Outage} outage */
const isOver = (model, { a, b, until }) => until !== null && [a, b].every((peer) => (
  model.step.at[model.line(peer).at(-1) ?? 0] > until));
