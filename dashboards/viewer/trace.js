// One trace: its head, the waterfall, and the details of the selected span.

import { html, useCallback, useMemo } from './vendor/preact-htm.js';
import { getTrace, useLoaded } from './api.js';
import { replace, toTrace, toTraces } from './router.js';
import { clock, count, duration, isoTime, plural } from './format.js';
import { toModel } from './otlp.js';
import { Waterfall } from './waterfall.js';
import { Details } from './details.js';

// A large trace takes long to send and to read, so it is asked for rarely
// while it grows.
const PACE = 2000;

export function Trace({ route, event }) {
  const id = route.trace;
  const load = useCallback((signal) => getTrace(id, signal).then(toModel), [id]);
  const { value: trace, error } = useLoaded(load, id, event?.revision, PACE);
  const select = useCallback((span) => replace(toTrace(id, span)), [id]);
  const selected = useMemo(
    () => trace?.spans.find((span) => span.id === route.span) ?? null,
    [trace, route.span],
  );
  if (!trace) {
    return html`<p class="empty" role="status">
      ${error ? `This trace cannot be shown: ${error}.` : 'Reading the trace …'}${' '}
      <a href=${toTraces()}>All traces</a></p>`;
  }
  return html`
    <section class="trace" aria-label="Trace">
      <${Head} id=${id} trace=${trace} live=${event?.live} />
      <div class=${`split ${selected ? 'open' : ''}`}>
        <${Waterfall} trace=${trace} selected=${selected} select=${select} />
        ${selected && html`<${Details} key=${selected.id} span=${selected} trace=${trace}
          traceId=${id} select=${select} />`}
      </div>
    </section>`;
}

function Head({ id, trace, live }) {
  const { spans, start, length } = trace;
  const facts = useMemo(() => ({
    peers: new Set(spans.map(({ service }) => service)).size,
    errors: spans.filter(({ error }) => error).length,
    orphans: spans.filter(({ orphan }) => orphan).length,
  }), [spans]);
  return html`
    <div class="bar">
      <a class="back" href=${toTraces()}>← Traces</a>
      <h2>${spans[0]?.name ?? ''}</h2>
      <span class="note">
        ${duration(length)} · ${plural(spans.length, 'span')} · ${plural(facts.peers, 'peer')}
        ${facts.errors > 0 && html` · <b class="bad">${plural(facts.errors, 'error')}</b>`}
        ${' · '}<time title=${isoTime(start)}>${clock(start)}</time>
        <code title="trace id"> · ${id}</code>
      </span>
    </div>
    ${facts.orphans > 0 && live === false && html`
      <p class="banner bad" role="alert">${count(facts.orphans)} of these spans ${
        facts.orphans === 1 ? 'names' : 'name'} a parent that is missing.</p>`}`;
}
