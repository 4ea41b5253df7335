// The links of an overlay as lines: the wider, the more routes lead over one, and the stronger,
// the longer it is open.

import { html } from '../vendor/preact-htm.js';
import { colour } from '../palette.js';
import { linkOf } from './faults.js';
import { linkInWords } from './overlay-words.js';

// The width of a link over which no route leads, or none is known to lead; and of one over
// which all routes of both ends do, in pixels.
const WIDTH = { none: 1, unknown: 1.5, all: 9 };
// How strong a new link is. The oldest ones are drawn in full.
const NEW = 0.3;

/** @param {{ network: Network, broken: Broken, places: Point[], selected: number, lasted: number }} props */
export function OverlayLines({ network: { peers, overlay }, broken: { cut }, places, selected, lasted }) {
  const all = 2 * Math.max(1, peers.length - 1);
  const parted = (overlay?.sizes.length ?? 0) > 1;
  return overlay?.links.map((link) => {
    const { a, b, of, age, routes } = link;
    const name = linkOf(a, b);
    const isCut = cut.has(name);
    const isDim = selected >= 0 && a !== selected && b !== selected;
    const look = ['edges', 'overlay', of >= 0 && 'half', isCut && 'cut', isDim && 'dim',
      parted && of < 0 && 'parted'].filter(Boolean).join(' ');
    const share = routes && (routes[0] + routes[1]) / all;
    const width = share === null ? WIDTH.unknown : WIDTH.none + (WIDTH.all - WIDTH.none) * Math.sqrt(share);
    const strong = isCut ? 1 : NEW + (1 - NEW) * Math.min(1, age / (lasted || 1));
    return html`<path key=${`overlay ${name}`} class=${look} d=${`M${places[a]}L${places[b]}`}
      style=${{ ...colour(String(overlay.component[a])), strokeWidth: `${width.toFixed(2)}px`,
        strokeOpacity: (isDim ? strong / 4 : strong).toFixed(2) }}><title>${
      linkInWords(peers, link)}${isCut ? ' Nothing passes over it now.' : ''}</title></path>`;
  });
}

// What the lines mean.
export function OverlayLegend() {
  /** @param {string} look @param {number} width @param {number} strong @param {string} text */
  const line = (look, width, strong, text) => html`
    <li><svg class="way" width="28" height="8" aria-hidden="true"><path class=${`edges ${look}`} d="M0 4H28"
      style=${{ strokeWidth: width, strokeOpacity: strong }} /></svg>${text}</li>`;
  return html`
    ${line('', 6, 0.6, 'wider: more routes lead over the link')}
    ${line('', 2.5, 1, 'stronger: open for longer')}
    ${line('half', 1.5, 1, 'only one end has it')}`;
}
