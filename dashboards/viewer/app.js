// The page: what stands around the views, and which of them is shown.

import { h, html, render, useEffect } from './vendor/preact-htm.js';
import { getRun, useEvents, useLoaded } from './api.js';
import { toTraces, useRoute } from './router.js';
import { RunHeader } from './run.js';
import { Traces } from './traces.js';
import { Trace } from './trace.js';

function App() {
  const route = useRoute();
  const { connected, event } = useEvents();
  const run = useLoaded(getRun, 'run', `${event?.run} ${event?.live}`, 250);
  const name = run.value?.experiment?.name;
  useEffect(() => {
    const place = route.view === 'trace' ? `trace ${route.trace.slice(0, 8)}` : 'traces';
    document.title = `${name ? `${name} · ` : ''}${place} · testbed`;
  }, [name, route.view, route.trace]);
  return html`
    <${RunHeader} run=${run.value ?? {}} event=${event} connected=${connected} />
    <main>
      ${route.view === 'traces' && html`<${Traces} route=${route} event=${event} />`}
      ${route.view === 'trace' && html`<${Trace} key=${route.trace} route=${route} event=${event} />`}
      ${route.view === 'unknown' && html`
        <p class="empty">There is no such view. <a href=${toTraces()}>All traces</a></p>`}
    </main>`;
}

render(h(App), document.body);
