// The keys of the page. They work wherever the focus is, except for those that the
// focused control needs itself.

import { html, useEffect, useRef } from './vendor/preact-htm.js';

// Text fields take every key.
const TYPED = 'input:not([type=checkbox]):not([type=radio]), select, textarea';

// Elements that scroll, or whose value the arrows choose, keep these keys.
const MOVES = new Set([
  'ArrowDown', 'ArrowUp', 'ArrowLeft', 'ArrowRight', 'Home', 'End', 'PageDown', 'PageUp']);
const MOVED = 'input, [tabindex="0"]:not(canvas):not([role=tree])';

// Elements that Space and Enter activate.
const PRESSED = 'a, button, summary, input, [role=button]';

// Whether the view may take a key, although the focus is on `target`.
/** @param {KeyboardEvent} event */
export function isFree(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return false;
  const { key } = event;
  const target = /** @type {Element} */ (event.target);
  if (target.closest?.(TYPED)) return false;
  if (MOVES.has(key)) return !target.matches?.(MOVED);
  if (key === ' ' || key === 'Enter') return !target.closest?.(PRESSED);
  return true;
}

// Calls `handler` with each free key; a handler that uses the key calls preventDefault().
/** @param {(event: KeyboardEvent) => void} handler */
export function useKeys(handler) {
  const now = useRef(handler);
  now.current = handler;
  useEffect(() => {
    // An open dialog takes all keys.
    /** @param {KeyboardEvent} event */
    const listen = (event) => isFree(event) && !document.querySelector('dialog[open]') && now.current(event);
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, []);
}

const EVERYWHERE = [
  ['?', 'these keys'],
  ['Tab', 'from control to control; the first one skips to the view'],
];

/** @type {Record<string, string[][]>} */
const OF_VIEWS = {
  diagram: [
    ['→ ←', 'next step and the one before, in causal order'],
    ['Shift → ←', 'the same along the peer’s line'],
    ['↓ ↑', 'along the message: to its receiver, back to its sender'],
    ['Shift ↓ ↑', 'the other receivers of that sender’s step'],
    ['Home End', 'first and last step of the peer'],
    ['+ −', 'closer, farther'],
    ['F', 'all of the run'],
    ['C', 'the cut'],
    ['/', 'search; Enter and Shift Enter, or N and Shift N: next, before'],
    ['Escape', 'select nothing'],
  ],
  trace: [
    ['↓ ↑', 'next span and the one before'],
    ['→ ←', 'open and close what is below; to the parent'],
    ['Page Down Page Up', 'a page on, a page back'],
    ['Home End', 'first and last span'],
    ['Escape', 'select nothing'],
  ],
  topology: [
    ['Space', 'play and pause'],
    ['→ ←', 'on a peer: the next peer and the one before; on the time: later, earlier'],
    ['Enter', 'on a peer: select it'],
    ['→ ← ↓ ↑', 'on the matrix: from cell to cell'],
  ],
  compare: [
    ['→ ← ↓ ↑', 'move both runs'],
    ['+ −', 'closer, farther'],
  ],
};

/** @type {Record<string, string>} */
const GESTURES = {
  diagram: `The wheel zooms about the pointer, Shift with the wheel goes along the axis, Alt with the wheel makes
    rows higher. Drag to move, pinch to zoom. Drag a handle of the cut to move it there; with Shift, everywhere.`,
  compare: 'The wheel zooms about the pointer; drag to move. Both runs move together.',
};

// The button that shows the keys of a view, and the dialog that it opens.
/** @param {{ view: string }} props */
export function KeysButton({ view }) {
  const dialog = useRef(null);
  const open = () => dialog.current.open || dialog.current.showModal();
  const close = () => dialog.current.close();
  useKeys((event) => {
    if (event.key !== '?') return;
    event.preventDefault();
    open();
  });
  /** @param {Event} event */
  const outside = (event) => event.target === dialog.current && close();
  return html`
    <button type="button" class="scheme" title="Keys (?)" aria-label="Keys" onClick=${open}>?</button>
    <dialog class="keys" ref=${dialog} aria-labelledby="keys" onClick=${outside}>
      <div class="title"><h2 id="keys">Keys</h2>
        <button type="button" autofocus aria-label="Close" title="Close (Escape)" onClick=${close}>✕</button></div>
      ${GESTURES[view] && html`<p>${GESTURES[view]}</p>`}
      <dl class="pairs">${[...(OF_VIEWS[view] ?? []), ...EVERYWHERE].map(([key, text]) => html`
        <div><dt><kbd>${key}</kbd></dt><dd>${text}</dd></div>`)}</dl>
    </dialog>`;
}
