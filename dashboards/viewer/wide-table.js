// A box for a table wider than the page: it scrolls, by keyboard too.

import { html } from './vendor/preact-htm.js';

/** @param {{ label: string, children?: any }} props */
export function Wide({ label, children }) {
  return html`<div class="wide" tabIndex="0" role="group" aria-label=${label}>${children}</div>`;
}
