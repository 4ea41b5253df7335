// The page: the frame around the views, and which of them is shown.

import { h, html, render, useEffect, useRef, useState } from './vendor/preact-htm.js';
import { getRun, leftOut, useEvents, useLoaded } from './api.js';
import { toDiagram, useRoute } from './router.js';
import { useModel } from './use-model.js';
import { useSelection } from './selection.js';
import { RunHeader } from './run-header.js';
import { Nav, nameOf } from './nav.js';
import { SpaceTime } from './diagram/space-time.js';
import { Traces } from './traces/trace-list.js';
import { Trace } from './traces/trace.js';
import { CompareTraces } from './traces/compare-traces.js';
import { Topology } from './topology/topology.js';
import { Results } from './results/results.js';
import { Runs } from './runs/runs.js';
import { CompareRuns } from './runs/compare-runs.js';

/** @type {Record<string, (props: any) => any>} */
const VIEWS = {
  diagram: SpaceTime,
  traces: Traces,
  trace: Trace,
  'compare-traces': CompareTraces,
  topology: Topology,
  results: Results,
  runs: Runs,
  compare: CompareRuns,
  unknown: Unknown,
};

function App() {
  const route = useRoute();
  const { connected, event } = useEvents();
  const run = useLoaded(getRun, 'run', `${event?.run} ${event?.live}`, 250).value;
  const loaded = useModel(event?.revision, { needed: drawsModel(route) });
  const [opened, setOpened] = useState(null);
  const known = useSelection(route, loaded.model, opened);
  const name = run?.experiment?.name;
  useEffect(() => {
    const place = route.trace ? `trace ${route.trace.slice(0, 8)}` : nameOf(route.view);
    document.title = `${name ? `${name} · ` : ''}${place} · testbed`;
  }, [name, route.view, route.trace]);
  const main = useRef(null);
  /** @param {Event} event */
  const skip = (event) => {
    event.preventDefault();
    main.current.focus();
  };
  return html`
    <a class="skip" href="#main" onClick=${skip}>Skip to the view</a>
    <${RunHeader} run=${run ?? {}} event=${event} connected=${connected} view=${route.view}>
      <${Nav} route=${route} known=${known} />
    <//>
    ${leftOut.length > 0 && html`<p class="banner">${leftOut.join(' ')}</p>`}
    <main id="main" ref=${main} tabIndex="-1">
      ${!NAMED.has(route.view) && html`<h2 class="unseen">${nameOf(route.view)}</h2>`}
      <${VIEWS[route.view]} key=${keyOf(route)} route=${route} event=${event} run=${run} loaded=${loaded}
        onSpan=${setOpened} />
    </main>`;
}

// These views have a visible heading of their own.
const NAMED = new Set(['trace', 'compare-traces', 'compare']);

// Which views draw the model. A search by time counts from the run's beginning,
// which is in the model too.
/** @param {Route} route */
function drawsModel({ view, params }) {
  return view === 'diagram' || view === 'topology'
    || (view === 'traces' && (params.has('from') || params.has('to')));
}

/**
 * A view of another trace or pair has another key, so its state begins anew.
 * @param {Route} route
 */
function keyOf({ view, trace, a, b }) {
  return [view, trace, a, b].filter(Boolean).join(' ');
}

function Unknown() {
  return html`<p class="empty">There is no such view. <a href=${toDiagram()}>The space-time diagram</a></p>`;
}

render(h(App), document.body);
