// The navigation between the views.

import { html } from './vendor/preact-htm.js';
import { links } from './selection.js';

/** @type {[view: keyof ReturnType<typeof links>, name: string, shown: string[]][]} */
const VIEWS = [
  ['diagram', 'Space-time', ['diagram']],
  ['traces', 'Traces', ['traces', 'trace', 'compare-traces']],
  ['topology', 'Topology', ['topology']],
  ['results', 'Results', ['results']],
  ['runs', 'Runs', ['runs', 'compare']],
];

/** @param {{ route: Route, known: Known }} props */
export function Nav({ route, known }) {
  const to = links(known);
  return html`
    <nav class="nav" aria-label="Views">
      ${VIEWS.map(([view, name, shown]) => html`
        <a key=${view} href=${to[view]} aria-current=${shown.includes(route.view) ? 'page' : undefined}>${name}</a>`)}
    </nav>`;
}

/** @param {string} view */
export const nameOf = (view) => VIEWS.find(([, , shown]) => shown.includes(view))?.[1] ?? 'no such view';
