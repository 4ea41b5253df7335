// One line of the waterfall.

import { html } from '../vendor/preact-htm.js';
import { toTrace } from '../router.js';
import { duration, plural } from '../format.js';
import { eventsOf, linksOf } from '../otlp.js';
import { Peer } from '../peer-name.js';
import { colour } from '../palette.js';

// Beyond this depth the indent stops growing: on a phone nothing else would
// be left of the name.
const DEEPEST = 12;

// A bar that ends beyond this has no room for its text on the right side. The
// text then stands on the left, or, if there is no room either, inside.
const RIGHT = 0.8;

/** @param {Span} span */
export const rowId = (span) => `span-${span.index}`;

// `critical` is what of the critical path leads to this span, or is in it.
/**
 * @param {{
 *   span: Span, top: number, length: number, selected: boolean, closed: boolean,
 *   critical?: Piece[], on: RowEvents,
 * }} props
 */
export function Row({ span, top, length, selected, closed, critical, on }) {
  const below = span.end - span.index - 1;
  const from = length ? span.start / length : 0;
  const wide = length ? span.duration / length : 1;
  const side = sideOf(from, from + wide);
  const place = side === 'right' ? { left: `${(from + wide) * 100}%` }
    : { right: `${(1 - from - (side === 'inside' ? wide : 0)) * 100}%` };
  const label = duration(span.duration);
  // The drawing in words, for screen readers. It follows the visible text.
  const drawn = `, after ${duration(span.start)}${critical ? ', on the critical path' : ''}${
    below && !closed ? `, ${below} below` : ''}`;
  return html`
    <div id=${rowId(span)} role="treeitem" aria-level=${span.depth + 1} aria-selected=${selected}
      aria-expanded=${below ? !closed : undefined}
      class=${`row ${selected ? 'selected' : ''} ${span.error ? 'failed' : ''} ${span.index % 2 ? 'odd' : ''}`}
      style=${{ transform: `translateY(${top}px)` }} onClick=${() => on.select(span.id)}
      title=${`${span.service}: ${span.name || '(no name)'}, ${label}${drawn}`}>
      <span class="names" style=${{ '--depth': Math.min(span.depth, DEEPEST) }}>
        <${Twist} span=${span} below=${below} closed=${closed} toggle=${on.toggle} />
        <${Peer} name=${span.service} />
        <span class="name">${span.name || '(no name)'}</span>
        ${closed && html`<span class="hidden-count">+${plural(below, 'span')}</span>`}
        ${span.error && html`<span class="mark">error</span>`}
        ${span.orphan && html`<span class="mark">no parent</span>`}
        ${span.unended && html`<span class="mark">${span.unended}</span>`}
        <${Links} span=${span} />
      </span>
      <span class="times">
        <span class="bar-of-span" style=${{
          ...colour(span.service), left: `${from * 100}%`, width: `${wide * 100}%`,
        }}></span>
        ${critical?.map((piece) => html`
          <span class=${piece.way ? 'way' : 'critical'} style=${between(piece.from, piece.to, length)}></span>`)}
        ${ticks(span, length).map(({ at, names }) => html`
          <span class="tick" title=${names.join(', ')} style=${{ left: `${at * 100}%` }}></span>`)}
        <span class=${`label ${side}`} style=${place}>${label}</span>
        <span class="unseen">${drawn}</span>
      </span>
    </div>`;
}

// Where the text of a bar stands.
/** @param {number} from @param {number} to */
function sideOf(from, to) {
  if (to <= RIGHT) return 'right';
  return from >= 1 - RIGHT ? 'left' : 'inside';
}

/** @param {number} from @param {number} to @param {number} length */
const between = (from, to, length) => (length
  ? { left: `${(from / length) * 100}%`, width: `${((to - from) / length) * 100}%` } : {});

// Events too close to be distinguished on the bar share a tick.
const FINEST = 500;

/** @param {Span} span @param {number} length */
function ticks(span, length) {
  const all = new Map();
  for (const { name, after, untimed } of eventsOf(span)) {
    const at = length ? Math.round(((span.start + after) / length) * FINEST) / FINEST : 0;
    if (at < 0 || at > 1) continue;
    if (!all.has(at)) all.set(at, []);
    all.get(at).push(`${name} after ${duration(after)}${untimed && `, ${untimed}`}`);
  }
  return [...all].map(([at, names]) => ({ at, names }));
}

// The details have the links for the keyboard; here they are for the mouse.
/** @param {{ span: Span }} props */
function Links({ span }) {
  const links = linksOf(span);
  if (!links.length) return null;
  return html`<span class="follow" aria-hidden="true">${links.slice(0, 3).map(({ trace, span: to }) => html`
    <a tabIndex="-1" href=${toTrace(trace, to)} onClick=${(event) => event.stopPropagation()}
      title=${trace === span.raw.traceId ? `Follow the link, to span ${to}` : `Follow the link, to trace ${trace}`}>↗</a>`)}</span>`;
}

/** @param {{ span: Span, below: number, closed: boolean, toggle: RowEvents['toggle'] }} props */
function Twist({ span, below, closed, toggle }) {
  if (!below) return html`<span class="twist"></span>`;
  /** @param {Event} event */
  const click = (event) => {
    event.stopPropagation();
    toggle(span, !closed);
  };
  // The keyboard has the arrow keys for this, so it is no stop for Tab.
  return html`<span class="twist" aria-hidden="true" onClick=${click}>${closed ? '▸' : '▾'}</span>`;
}
