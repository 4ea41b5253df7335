// The page: what stands around the views, and which of them is shown.

import { h, html, render, useEffect } from './vendor/preact-htm.js';
import { getRun, leftOut, useEvents, useLoaded } from './api.js';
import { toDiagram, useRoute } from './router.js';
import { useRunning } from './running.js';
import { useSelection } from './selection.js';
import { RunHeader } from './run.js';
import { Nav, nameOf } from './nav.js';
import { SpaceTime } from './diagram/diagram.js';
import { Traces } from './traces.js';
import { Trace } from './trace.js';
import { CompareTraces } from './traces/compare.js';
import { Topology } from './topology/topology.js';
import { Results } from './results/results.js';
import { Runs } from './runs/runs.js';
import { CompareRuns } from './runs/compare.js';

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
  const running = useRunning(event?.revision);
  const known = useSelection(route, running.model);
  const name = run?.experiment?.name;
  useEffect(() => {
    const place = route.view === 'trace' ? `trace ${route.trace.slice(0, 8)}` : nameOf(route.view);
    document.title = `${name ? `${name} · ` : ''}${place} · testbed`;
  }, [name, route.view, route.trace]);
  return html`
    <${RunHeader} run=${run ?? {}} event=${event} connected=${connected}>
      <${Nav} route=${route} known=${known} />
    <//>
    ${leftOut.length > 0 && html`<p class="banner">${leftOut.join(' ')}</p>`}
    <main>
      <${VIEWS[route.view]} key=${keyOf(route)} route=${route} event=${event} run=${run}
        model=${running.model} revision=${running.revision} whole=${running.whole}
        problem=${running.error} selected=${known.selected} />
    </main>`;
}

// A view of something else is another view, which begins anew.
function keyOf({ view, trace, a, b }) {
  return [view, trace, a, b].filter(Boolean).join(' ');
}

function Unknown() {
  return html`<p class="empty">There is no such view. <a href=${toDiagram()}>The space-time diagram</a></p>`;
}

render(h(App), document.body);
