// One trace: its head, the waterfall, and the details of the selected span.

import { html, useCallback, useEffect, useMemo, useState } from '../vendor/preact-htm.js';
import { getTrace, useLoaded } from '../api.js';
import { replace, toTrace, toTraces } from '../router.js';
import { clock, count, duration, isoTime, plural } from '../format.js';
import { add, readTrace } from '../otlp.js';
import { criticalPath } from './critical-path.js';
import { Waterfall } from './waterfall.js';
import { Details } from './span-details.js';

// A large trace takes long to send and to read, so it is requested rarely
// while it grows.
const PACE = 2000;

// Calls `onSpan` with the span that is shown and its peer.
/** @param {{ route: TraceRoute, event: ServerEvent | null, onSpan?: (span: OpenedSpan) => void }} props */
export function Trace({ route, event, onSpan }) {
  const id = route.trace;
  const load = useCallback((/** @type {AbortSignal} */ signal) => getTrace(id, signal).then(readTrace), [id]);
  const { value: trace, error } = useLoaded(load, id, event?.revision, PACE);
  const select = useCallback((/** @type {string | null} */ span) => replace(toTrace(id, span)), [id]);
  const selected = useMemo(
    () => trace?.spans.find((span) => span.id === route.span) ?? null,
    [trace, route.span],
  );
  useEffect(() => onSpan?.(selected && { span: selected.id, peer: selected.service }), [selected?.id]);
  const path = useMemo(() => (trace ? criticalPath(trace.spans) : []), [trace]);
  const [shown, setShown] = useState(true);
  const critical = useMemo(() => bySpan(shown ? path : []), [shown, path]);
  if (!trace) {
    return html`<p class="empty" role="status">
      ${error ? `This trace cannot be shown: ${error}.` : 'Reading the trace …'}${' '}
      <a href=${toTraces()}>All traces</a></p>`;
  }
  return html`
    <section class="trace" aria-label="Trace">
      <${Head} id=${id} trace=${trace} live=${event?.live} path=${path}
        shown=${shown} show=${setShown} />
      ${route.span && !selected && html`<p class="banner" role="alert">This trace has ${
        event?.live ? 'as yet ' : ''}no span ${route.span}, which the address names.</p>`}
      <div class=${`split ${selected ? 'open' : ''}`}>
        <${Waterfall} trace=${trace} critical=${critical} selected=${selected} select=${select} />
        ${selected && html`<${Details} key=${selected.id} span=${selected} trace=${trace}
          traceId=${id} select=${select} />`}
      </div>
    </section>`;
}

/** @param {Piece[]} path */
function bySpan(path) {
  /** @type {Map<number, Piece[]>} */
  const pieces = new Map();
  for (const piece of path) add(pieces, piece.span, piece);
  return pieces;
}

/**
 * @param {{
 *   id: string, trace: Trace, live: boolean | undefined, path: Piece[], shown: boolean,
 *   show: (shown: boolean) => void,
 * }} props
 */
function Head({ id, trace, live, path, shown, show }) {
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
      <label title="The chain of steps and messages that determines when the trace ends">
        <input type="checkbox" checked=${shown} onChange=${(e) => show(e.currentTarget.checked)} />
        Critical path${path.length > 0 && html` <span class="note">(${madeOf(path)})</span>`}
      </label>
    </div>
    ${facts.orphans > 0 && live === false && html`
      <p class="banner bad" role="alert">${count(facts.orphans)} of these spans ${
        facts.orphans === 1 ? 'names' : 'name'} a parent that is missing.</p>`}`;
}

/** @param {Piece[]} path */
function madeOf(path) {
  /** @param {boolean} ways */
  const took = (ways) => path.reduce((sum, { from, to, way }) => sum + (way === ways ? to - from : 0), 0);
  const spans = new Set(path.map(({ span }) => span)).size;
  if (spans === 1) return '1 span';
  return `${plural(spans, 'span')}: ${duration(took(false))} in them, ${duration(took(true))} on the way between them`;
}
