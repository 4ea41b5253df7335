// A peer's name with its colour beside it.

import { html } from './vendor/preact-htm.js';
import { colour } from './palette.js';

/** @param {{ name: string }} props */
export function Peer({ name }) {
  return html`<span class="peer" style=${colour(name)}><i aria-hidden="true"></i>${name}</span>`;
}
