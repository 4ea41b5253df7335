// How a step changed the state of its peer, read from its span and from that of the
// peer's previous step.

import { useMemo } from '../vendor/preact-htm.js';
import { getSpan, useLoaded } from '../api.js';
import { toDetails, readTrace } from '../otlp.js';
import { diff, stateOf } from './state-diff.js';

// `{ span, changes, first, problem }`: the step's span, the changes (state-diff.js),
// whether it is its peer's first step, and why they cannot be read. `span` and
// `changes` are null until they are read. Step -1 is none.
/** @param {Model} model @param {number} s @param {string} [run] */
export function useChange(model, s, run) {
  const rank = s < 0 ? 0 : model.step.rank[s];
  const last = rank > 0 ? model.line(model.step.peer[s])[rank - 1] : -1;
  const mine = useSpan(model, s, run);
  const before = useSpan(model, last, run);
  const first = last < 0;
  const changes = useMemo(() => {
    const earlier = first ? new Map() : before.value && stateOf(before.value.attributes);
    return mine.value && earlier && diff(earlier, stateOf(mine.value.attributes));
  }, [mine.value, before.value, first]);
  return { span: mine.value, changes, first, problem: mine.error ?? before.error };
}

/** @param {Model} model @param {number} s @param {string} [run] */
function useSpan(model, s, run) {
  const { traces, spans, step } = model;
  /** @param {AbortSignal} signal */
  const load = async (signal) => {
    if (s < 0) return null;
    const resources = await getSpan(traces[step.trace[s]], spans[s], signal, run);
    const [span] = readTrace(resources).spans;
    return span ? toDetails(span) : null;
  };
  return useLoaded(load, `span ${s}`, 0);
}
