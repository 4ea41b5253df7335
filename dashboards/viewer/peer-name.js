// A peer's name with its colour beside it.

import { html } from './vendor/preact-htm.js';
import { colour } from './palette.js';

// `style` has another colour than that of the peer.
/** @param {{ name: string, style?: Record<string, string> | null }} props */
export function Peer({ name, style }) {
  return html`<span class="peer" style=${style ?? colour(name)}><i aria-hidden="true"></i>${name}</span>`;
}
