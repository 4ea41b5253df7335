// One selection for all views.
//
// Each view keeps its selection in its own address. The selection is carried
// over here: into the links that lead from one view to another.

import { useRef } from './vendor/preact-htm.js';
import { toDiagram, toResults, toRuns, toTopology, toTrace, toTraces } from './router.js';

// What the addresses so far have named: `{ trace, span, peer }`, and the
// parameters with which each view was left. `opened` is the span that the view
// of a trace shows, `{ span, peer }`.
/** @param {Route} route @param {Model | null} model @param {OpenedSpan} opened */
export function useSelection(route, model, opened) {
  const known = useRef({ selected: {}, left: {} });
  known.current = remember(known.current, route, model, opened);
  return known.current;
}

/**
 * @param {Known} known
 * @param {Route} route
 * @param {Model | null} model
 * @param {OpenedSpan} opened
 */
export function remember({ selected, left }, route, model, opened) {
  return {
    selected: namedBy(route, model, opened) ?? selected,
    left: { ...left, [route.view]: Object.fromEntries(route.params) },
  };
}

// The selection of an address: `{}` for none, null if the view has no selection.
/** @param {Route} route @param {Model | null} model @param {OpenedSpan} opened */
function namedBy({ view, trace, span, params }, model, opened) {
  if (view === 'trace') {
    return span ? { trace, span, peer: opened?.span === span ? opened.peer : undefined } : null;
  }
  if (view === 'topology') return params.has('peer') ? { peer: params.get('peer') } : null;
  if (view !== 'diagram') return null;
  const step = model ? model.stepOf(params.get('step')) : -1;
  if (!model || step < 0) return params.has('step') ? null : {};
  return {
    trace: model.traces[model.step.trace[step]], span: model.spans[step],
    peer: model.peers[model.step.peer[step]],
  };
}

// The addresses at which the other views show the selection.
/** @param {Known} known */
export function links({ selected: { trace, span, peer }, left }) {
  return {
    diagram: toDiagram({ ...left.diagram, ...(span && { step: span, message: '' }) }),
    traces: span ? toTrace(trace, span) : toTraces(left.traces),
    topology: toTopology({ ...left.topology, ...(peer && { peer }) }),
    results: toResults(left.results),
    runs: toRuns(left.runs),
  };
}
