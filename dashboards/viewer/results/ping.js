// The measurements of ping: percentiles with their count, and the lost pings.

import { html, useMemo } from '../vendor/preact-htm.js';
import { count, duration, plural } from '../format.js';
import { Wide } from '../wide-table.js';
import { pingsOf } from './csv.js';
import { Distribution, Series } from './roundtrips.js';

// More losses are in results.csv.
const MOST_LISTED = 20;

/** @param {{ results: Results, csv: string }} props */
export function PingResults({ results, csv }) {
  const { pings, unreadable } = useMemo(() => {
    try {
      return { pings: csv ? pingsOf(csv) : null };
    } catch (error) {
      return { pings: null, unreadable: error.message };
    }
  }, [csv]);
  return html`
    <${Percentiles} results=${results} />
    ${unreadable && html`<p class="banner bad" role="alert">${unreadable}</p>`}
    ${pings && html`<${Distribution} pings=${pings} csv=${csv} />
      <${Series} pings=${pings} csv=${csv} />`}
    <${Losses} results=${results} lost=${pings?.lost ?? []} />`;
}

/** @param {{ results: Results }} props */
function Percentiles({ results }) {
  const times = results.round_trip_ns;
  /** @param {unknown} value */
  const cell = (value) => html`<td class="figure">${value === undefined ? '–' : value}</td>`;
  return html`
    <section aria-labelledby="round-trips">
      <h3 id="round-trips">Round trips</h3>
      <${Wide} label="Round trips"><table>
        <thead><tr>${['Expected', 'Sent', 'Answered', 'Lost', 'Shortest', 'p50', 'p90', 'p99', 'Longest'].map((name) => html`
          <th scope="col">${name}</th>`)}</tr></thead>
        <tbody><tr>
          ${['expected', 'sent', 'answered'].map((name) => cell(count(results[name])))}
          <td class=${`figure ${results.lost > 0 ? 'bad' : ''}`}>${count(results.lost)}</td>
          ${['min', 'p50', 'p90', 'p99', 'max'].map((name) => cell(times ? duration(times[name]) : '–'))}
        </tr></tbody>
      </table><//>
      <p class="note">${times
        ? `The percentiles are of ${plural(times.count, 'round trip')}, without the lost pings.`
        : 'No ping was answered, so there are no round trips.'}
        ${results.channels_left_open > 0 && ` ${plural(results.channels_left_open, 'channel')} stayed open after the run closed its side.`}
        ${results.first?.round_trip_ns && ` The first ping, from ${results.first.from.name} to ${
          results.first.to.name}, took ${duration(results.first.round_trip_ns)}, opening the channels included.`}</p>
    </section>`;
}

/** @param {{ results: Results, lost: Pings['lost'] }} props */
function Losses({ results, lost }) {
  /** @type {{ ping: string, from: string, to: string, reason: string }[]} */
  const all = lost.length ? lost : (results.losses ?? [])
    .map((/** @type {any} */ row) => ({ ...row, reason: row.lost }));
  if (!all.length) return null;
  return html`
    <section aria-labelledby="lost-pings">
      <h3 id="lost-pings">Lost pings</h3>
      <${Wide} label="Lost pings"><table>
        <thead><tr>${['Ping', 'From', 'To', 'Why'].map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
        <tbody>${all.slice(0, MOST_LISTED).map(({ ping, from, to, reason }) => html`
          <tr><td class="figure">${ping}</td><td>${peer(from)}</td><td>${peer(to)}</td><td>${reason}</td></tr>`)}</tbody>
      </table><//>
      ${results.lost > MOST_LISTED && html`<p class="note">The first ${MOST_LISTED} of ${count(results.lost)}; all are in results.csv.</p>`}
    </section>`;
}

/** @param {number | string} number */
const peer = (number) => `peer-${String(number).padStart(2, '0')}`;
