// The waterfall: a line for each span, its bar where it was in time.
//
// To a screen reader this is a tree, since that is what a trace is. The focus
// stays on the tree itself, which names the selected row, because rows come
// and go while it scrolls.

import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from '../vendor/preact-htm.js';
import { duration } from '../format.js';
import { useKeys } from '../keys.js';
import { Row, rowId } from './waterfall-row.js';
import { reveal, useWindow } from '../scroll-window.js';

const ROW = 28;
const HEAD = 30;
const TICKS = [0, 0.25, 0.5, 0.75];

// `critical`: from a span's index to its pieces of the critical path.
/**
 * @param {{
 *   trace: Trace, critical: Map<number, Piece[]>, selected: Span | null,
 *   select: (span: string | null) => void,
 * }} props
 */
export function Waterfall({ trace, critical, selected, select }) {
  const box = useRef(null);
  const [closed, setClosed] = useState(() => new Set());
  const visible = useMemo(() => open(trace.spans, closed), [trace, closed]);
  const { first, last } = useWindow(box, visible.length, ROW, HEAD);
  const at = selected ? visible.indexOf(selected) : -1;

  /** @param {Span} span @param {boolean} close */
  const toggle = (span, close) => setClosed((before) => {
    const after = new Set(before);
    if (close) after.add(span.id); else after.delete(span.id);
    return after;
  });
  useEffect(() => box.current.focus({ preventScroll: true }), []);
  // A link can name a span below one that is closed: it is opened then.
  useEffect(() => {
    if (!selected) return;
    const above = ancestors(trace.spans, selected);
    if (above.some(({ id }) => closed.has(id))) {
      setClosed(new Set([...closed].filter((id) => !above.some((span) => span.id === id))));
    }
  }, [selected?.id]);
  useLayoutEffect(() => {
    if (at >= 0) reveal(box.current, at, ROW, HEAD);
  }, [at]);

  useKeys((event) => {
    const move = steer(event, { visible, at, closed, trace, toggle, page: pageOf(box.current) });
    if (move === undefined) return;
    event.preventDefault();
    if (move) select(move.id);
    else if (move === null) select(null);
  });
  return html`
    <div class="waterfall" ref=${box} tabIndex="0" role="tree"
      aria-label="Spans. Arrow keys move, left and right close and open, Escape deselects."
      aria-activedescendant=${selected && at >= 0 ? rowId(selected) : undefined}>
      <div class="ticks" aria-hidden="true">
        <span class="names">Peer and operation</span>
        <span class="times">${TICKS.map((part) => html`
          <span style=${{ left: `${part * 100}%` }}>${duration(trace.length * part)}</span>`)}
        </span>
      </div>
      <div class="rows" role="presentation" style=${{ height: `${visible.length * ROW}px` }}>
        ${visible.slice(first, last).map((span, i) => html`
          <${Row} key=${span.index} span=${span} top=${(first + i) * ROW} length=${trace.length}
            selected=${span === selected} closed=${closed.has(span.id)} critical=${critical.get(span.index)}
            on=${{ select, toggle }} />`)}
      </div>
    </div>`;
}

// The spans of which no ancestor is closed.
/** @param {Span[]} spans @param {Set<string>} closed */
function open(spans, closed) {
  if (closed.size === 0) return spans;
  const visible = [];
  for (let i = 0; i < spans.length; i = closed.has(spans[i].id) ? spans[i].end : i + 1) {
    visible.push(spans[i]);
  }
  return visible;
}

/** @param {Span[]} spans @param {Span} span */
function ancestors(spans, span) {
  const above = [];
  for (let i = span.parent; i >= 0; i = spans[i].parent) above.push(spans[i]);
  return above;
}

/** @param {HTMLElement} element */
const pageOf = (element) => Math.max(1, Math.floor((element.clientHeight - HEAD) / ROW) - 1);

// The span that a key leads to; `null` to select none, `false` for a key that is handled
// without a move, `undefined` for any other key.
/**
 * @param {KeyboardEvent} event
 * @param {{
 *   visible: Span[], at: number, closed: Set<string>, trace: Trace,
 *   toggle: RowEvents['toggle'], page: number,
 * }} tree
 */
function steer(event, { visible, at, closed, trace, toggle, page }) {
  const span = visible[at];
  /** @param {number} by */
  const step = (by) => visible[Math.min(visible.length - 1, Math.max(0, at + by))] ?? false;
  switch (event.key) {
    case 'ArrowDown': return step(1);
    case 'ArrowUp': return at < 0 ? step(1) : step(-1);
    case 'PageDown': return step(page);
    case 'PageUp': return step(-page);
    case 'Home': return visible[0] ?? false;
    case 'End': return visible.at(-1) ?? false;
    case 'Escape': return span ? null : undefined;
    case 'ArrowLeft':
      if (!span) return false;
      if (span.end > span.index + 1 && !closed.has(span.id)) toggle(span, true);
      else return trace.spans[span.parent] ?? false;
      return false;
    case 'ArrowRight':
      if (!span || span.end === span.index + 1) return false;
      if (!closed.has(span.id)) return step(1);
      toggle(span, false);
      return false;
    default: return undefined;
  }
}
