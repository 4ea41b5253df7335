// Two traces beside each other, line by line where they have the same place
// in the tree: what took longer, and what only one of them has.

import { html, useMemo, useRef } from '../vendor/preact-htm.js';
import { getTrace, useLoaded } from '../api.js';
import { toTrace, toTraces } from '../router.js';
import { clock, duration, isoTime, plural } from '../format.js';
import { readTrace } from '../otlp.js';
import { Peer } from '../peer-name.js';
import { colour } from '../palette.js';
import { useWindow } from '../scroll-window.js';
import { align } from './align-traces.js';

const ROW = 30;
const HEAD = 30;
const DEEPEST = 12;
// A large trace takes long to send and to read.
const PACE = 2000;

/** @param {{ route: PairRoute, event: ServerEvent | null }} props */
export function CompareTraces({ route, event }) {
  const first = useTrace(route.a, event);
  const second = useTrace(route.b, event);
  const [a, b] = [first.value, second.value];
  const lines = useMemo(() => (a && b ? align(a, b) : null), [a, b]);
  if (!a || !b || !lines) {
    const error = first.error ?? second.error;
    return html`<p class="empty" role="status">
      ${error ? `These traces cannot be compared: ${error}.` : 'Reading the traces …'}${' '}
      <a href=${toTraces()}>All traces</a></p>`;
  }
  return html`
    <section class="pair" aria-label="Two traces">
      <div class="bar">
        <a class="back" href=${toTraces()}>← Traces</a>
        <h2>${a.spans[0]?.name} and ${b.spans[0]?.name}</h2>
        <span class="note" role="status">${summary(lines, a, b)}</span>
      </div>
      <${Lines} lines=${lines} route=${route} a=${a} b=${b} />
    </section>`;
}

/** @param {string} id @param {ServerEvent | null} event */
function useTrace(id, event) {
  /** @param {AbortSignal} signal */
  const load = (signal) => getTrace(id, signal).then(readTrace);
  return useLoaded(load, id, event?.revision, PACE);
}

/** @param {AlignedSpans[]} lines @param {Trace} a @param {Trace} b */
function summary(lines, a, b) {
  const both = lines.filter((line) => line.a && line.b).length;
  const [onlyA, onlyB] = [a.spans.length - both, b.spans.length - both];
  const alone = onlyA || onlyB ? `, ${onlyA} only in A, ${onlyB} only in B` : '';
  return `${plural(both, 'span')} in both${alone} · A takes ${duration(a.length)}, B ${
    duration(b.length)}: ${difference(a.length, b.length)}`;
}

// How much longer the second took.
/** @param {number} a @param {number} b */
function difference(a, b) {
  if (a === b) return 'the same';
  const part = a > 0 ? `, ${b > a ? '+' : '−'}${Math.round((Math.abs(b - a) / a) * 100)} %` : '';
  return `${b > a ? '+' : '−'}${duration(Math.abs(b - a))}${part}`;
}

/** @param {{ lines: AlignedSpans[], route: PairRoute, a: Trace, b: Trace }} props */
function Lines({ lines, route, a, b }) {
  const box = useRef(null);
  const { first, last } = useWindow(box, lines.length, ROW, HEAD);
  const length = Math.max(a.length, b.length);
  /** @param {Trace} trace @param {string} name */
  const began = (trace, name) => html`<span role="columnheader"><b>${name}</b>${' '}
    <time title=${isoTime(trace.start)}>${clock(trace.start)}</time></span>`;
  return html`
    <div class="scroll" ref=${box} tabIndex="0" role="table" aria-rowcount=${lines.length + 1}
      aria-label="Spans of both traces">
      <div class="line head" role="row" aria-rowindex="1">
        <span role="columnheader">Peer and operation</span>
        ${began(a, 'A')}${began(b, 'B')}
        <span role="columnheader" class="difference">B against A</span>
      </div>
      <div class="rows" role="rowgroup" style=${{ height: `${lines.length * ROW}px` }}>
        ${lines.slice(first, last).map((line, i) => html`
          <${Line} key=${first + i} line=${line} place=${first + i} length=${length} route=${route} />`)}
      </div>
    </div>`;
}

/** @param {{ line: AlignedSpans, place: number, length: number, route: PairRoute }} props */
function Line({ line: { a, b, depth }, place, length, route }) {
  const span = /** @type {Span} */ (a ?? b);
  const alone = aloneIn(a, b);
  const change = a && b ? ['faster', '', 'slower'][Math.sign(b.duration - a.duration) + 1] : '';
  return html`
    <div class=${`row line ${alone && 'alone'}`} role="row" aria-rowindex=${place + 2}
      style=${{ transform: `translateY(${place * ROW}px)`, height: `${ROW}px` }}>
      <span class="what" role="cell" style=${{ '--depth': Math.min(depth, DEEPEST) }}>
        <${Peer} name=${span.service} /><span class="name">${span.name || '(no name)'}</span>
        ${alone && html`<span class="only">${alone}</span>`}
        ${span.error && html`<span class="mark">error</span>`}
        ${span.unended && html`<span class="mark">${span.unended}</span>`}
      </span>
      <${Side} span=${a} length=${length} trace=${route.a} which="A" />
      <${Side} span=${b} length=${length} trace=${route.b} which="B" />
      <span role="cell" class=${`difference ${change}`}>${a && b ? difference(a.duration, b.duration) : ''}</span>
    </div>`;
}

/** @param {Span | null} a @param {Span | null} b */
function aloneIn(a, b) {
  if (a && b) return '';
  return a ? 'only in A' : 'only in B';
}

// The bar is where the span was since its own trace began, both on one scale.
/** @param {{ span: Span | null, length: number, trace: string, which: string }} props */
function Side({ span, length, trace, which }) {
  if (!span) return html`<span class="half" role="cell"><span class="unseen">not there</span></span>`;
  /** @param {number} time */
  const part = (time) => `${length ? (time / length) * 100 : 0}%`;
  return html`
    <span class="half" role="cell">
      <span class="bar-of-span" style=${{
        ...colour(span.service), left: part(span.start), width: part(span.duration),
      }}></span>
      <a href=${toTrace(trace, span.id)} title=${`${duration(span.duration)}, after ${
        duration(span.start)}: show it in ${which}`}>${duration(span.duration)}</a>
    </span>`;
}
