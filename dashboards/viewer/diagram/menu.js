// A box that opens below its button, and closes on a click or focus elsewhere.

import { html, useEffect, useRef } from '../vendor/preact-htm.js';

/** @param {{ label: string, title: string, kind?: string, children?: any }} props */
export function Menu({ label, title, kind = '', children }) {
  const menu = useRef(null);
  useEffect(() => {
    /** @param {Event} event */
    const outside = ({ target }) => {
      if (!menu.current.contains(target)) menu.current.open = false;
    };
    addEventListener('pointerdown', outside);
    addEventListener('focusin', outside);
    return () => {
      removeEventListener('pointerdown', outside);
      removeEventListener('focusin', outside);
    };
  }, []);
  /** @param {KeyboardEvent} event */
  const keys = (event) => {
    if (event.key !== 'Escape' || !menu.current.open) return;
    event.stopPropagation();
    menu.current.open = false;
    menu.current.firstElementChild.focus();
  };
  return html`
    <details class=${`menu ${kind}`} ref=${menu} onKeyDown=${keys}>
      <summary title=${title}>${label}</summary>
      <div class=${`box ${kind}`}>${children}</div>
    </details>`;
}
