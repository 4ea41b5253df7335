// Peers of other programs: those that took part, and those that were refused.

import { html } from '../vendor/preact-htm.js';
import { plural } from '../format.js';

/** @param {{ run: Run }} props */
export function Visitors({ run: { guests, refused } }) {
  const groups = [
    ['Guests', guests, guests && `${plural(guests.messages, 'message')} of theirs handled${
      guests.dropped ? `, ${guests.dropped} dropped` : ''}`],
    ['Refused', refused, 'not of this run; --guests admits them'],
  ].filter(([, group]) => group?.connections > 0);
  if (!groups.length) return null;
  return html`
    <section aria-labelledby="visitors">
      <h3 id="visitors">Peers of other programs</h3>
      ${groups.map(([name, { connections, peers }, note]) => html`
        <p>${name}: ${plural(connections, 'connection')} (${note})</p>
        <ul>${Object.entries(peers).map(([peer, times]) => html`
          <li><code>${peer}</code>: ${plural(times, 'connection')}</li>`)}</ul>`)}
    </section>`;
}
