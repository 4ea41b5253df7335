// The measures, in the form that all experiments share. There is no mean: a few values
// far longer than the rest dominate it.

import { html } from '../vendor/preact-htm.js';
import { count, measured } from '../format.js';
import { Wide } from '../wide-table.js';

const HEAD = ['What', 'n', 'Lost', 'Median', 'p90', 'p99', 'Max', 'Theory'];

/** @param {{ measures: Measure[] }} props */
export function Measures({ measures }) {
  if (!measures.length) return null;
  return html`
    <section aria-labelledby="measures">
      <h3 id="measures">Measured</h3>
      <${Wide} label="Measured"><table class="measures">
        <thead><tr>${HEAD.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
        <tbody>${measures.map((measure) => html`<${Measure} key=${measure.name} measure=${measure} />`)}</tbody>
      </table><//>
      <p class="note">The percentiles are of n measurements, without those that were lost.
        Theory is of the median. A ratio has one value.</p>
    </section>`;
}

/** @param {{ measure: Measure }} props */
function Measure({ measure }) {
  const { name, unit, count: n, lost, p50, p90, p99, max, theory } = measure;
  const shown = [p50, p90, p99, max, theory];
  return html`
    <tr>
      <th scope="row">${name}</th>
      <td class="figure">${count(n)}</td>
      <td class=${`figure ${lost > 0 ? 'bad' : ''}`}>${count(lost)}</td>
      ${shown.map((value) => html`<td class="figure">${measured(value, unit)}</td>`)}
    </tr>`;
}
