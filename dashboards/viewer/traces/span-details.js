// All facts on the selected span.

import { html, useMemo } from '../vendor/preact-htm.js';
import { toTrace } from '../router.js';
import { duration, isoTime } from '../format.js';
import { toDetails } from '../otlp.js';
import { Peer } from '../peer-name.js';

/** @param {{ span: Span, trace: Trace, traceId: string, select: (span: string | null) => void }} props */
export function Details({ span, trace, traceId, select }) {
  const details = useMemo(() => toDetails(span), [span]);
  const parent = trace.spans[span.parent];
  return html`
    <aside class="details" aria-label="Selected span" tabIndex="0">
      <div class="title">
        <h3>${span.name || '(no name)'}</h3>
        <button type="button" aria-label="Close" title="Close (Escape)"
          onClick=${() => select(null)}>✕</button>
      </div>
      <p><${Peer} name=${span.service} />${span.error && html` <b class="bad">error</b>`}</p>
      ${details.message && html`<p class="bad">${details.message}</p>`}
      <dl class="pairs">
        <${Pair} name="takes"
          value=${html`${duration(span.duration)}${span.unended && html` <b class="bad">${span.unended}</b>`}`} />
        <${Pair} name="starts after" value=${duration(span.start)} />
        <${Pair} name="starts at" value=${isoTime(span.from)} />
        <${Pair} name="kind" value=${span.kind} />
        <${Pair} name="status" value=${details.status} />
        <${Pair} name="span id" value=${html`<code>${span.id}</code>`} />
        ${span.parentId && html`<${Pair} name="parent" value=${parent
          ? html`<a href=${toTrace(traceId, parent.id)}>${parent.service}: ${parent.name}</a>`
          : html`<code>${span.parentId}</code> <b class="bad">missing</b>`} />`}
        <${Pair} name="trace id" value=${html`<code>${traceId}</code>`} />
        ${details.traceState && html`<${Pair} name="trace state" value=${details.traceState} />`}
        ${details.scope && html`<${Pair} name="scope" value=${details.scope} />`}
      </dl>
      <${Group} name="Attributes" all=${details.attributes} />
      ${details.events.length > 0 && html`<h4>Events</h4>`}
      ${details.events.map((/** @type {any} */ event) => html`
        <div class="part"><p><b>${event.name}</b> <span class="note">after ${
          duration(event.after)}</span>${event.untimed && html` <b class="bad">${event.untimed}</b>`}</p>
          <${Pairs} all=${event.attributes} /></div>`)}
      ${details.links.length > 0 && html`<h4>Links</h4>`}
      ${details.links.map((/** @type {any} */ link) => html`
        <div class="part"><p><a href=${toTrace(link.trace, link.span)}>
          span <code>${link.span}</code>${link.trace !== traceId && html` of trace <code>${
            link.trace}</code>`}</a></p><${Pairs} all=${link.attributes} /></div>`)}
      <${Group} name="Peer" all=${details.resource} />
      ${details.dropped.map(([what, number]) => html`
        <p class="note">${number} ${what} were dropped by the tracer.</p>`)}
    </aside>`;
}

/** @param {{ name: string, all: Attribute[] }} props */
export function Group({ name, all }) {
  return all.length > 0 && html`<h4>${name}</h4><${Pairs} all=${all} />`;
}

/** @param {{ all: Attribute[] }} props */
export function Pairs({ all }) {
  return all.length > 0 && html`<dl class="pairs">${all.map(({ key, text, type }) => html`
    <${Pair} name=${key} value=${text} type=${type} />`)}</dl>`;
}

/** @param {{ name: string, value: any, type?: string }} props */
export function Pair({ name, value, type }) {
  return html`<div><dt>${name}</dt><dd>${value}${type && html`
    <span class="type">${type}</span>`}</dd></div>`;
}
