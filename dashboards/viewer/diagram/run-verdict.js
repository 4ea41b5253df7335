// The run's verdict, if it is not pass: it comes before the judgement of a single cut.

import { html } from '../vendor/preact-htm.js';
import { plural } from '../format.js';
import { toResults } from '../router.js';
import { violations } from './snapshots.js';

// More reasons and violations are in the results.
const SHOWN = 4;

/** @param {{ run: Run | null, live: boolean, snapshot: Snapshot | null }} props */
export function RunVerdict({ run, live, snapshot }) {
  const { status, reasons = [] } = run?.verdict ?? {};
  if (live || (status !== 'fail' && status !== 'unknown')) return null;
  const against = Map.groupBy(snapshot ? violations(run, snapshot) : [], ({ property }) => property);
  const rest = Math.max(0, reasons.length - SHOWN) + Math.max(0, against.size - SHOWN);
  return html`
    <div class=${`verdict ${status === 'fail' ? 'bad' : 'open'}`} role="status">
      <p><b>The run’s verdict: ${status}.</b> ${reasons.slice(0, SHOWN).join('; ')}</p>
      ${against.size > 0 && html`<p>Of this snapshot:</p>
        <ul class="plain">${[...against].slice(0, SHOWN).map(([property, [{ text }, ...more]]) => html`
          <li><b>${property}:</b> ${text}${more.length > 0 && ` (and ${more.length} more)`}</li>`)}</ul>`}
      <p><a href=${toResults()}>${rest ? `${plural(rest, 'line')} more in the results` : 'The results'}</a></p>
    </div>`;
}
