// The steps in sight as a table: the diagram as text.

import { html, useMemo } from '../vendor/preact-htm.js';
import { clocks } from '../causality.js';
import { fate } from '../fate.js';
import { plural } from '../format.js';
import { after, kindOf, outputsOf, stepTitle } from './descriptions.js';

// A longer table is cut; zooming in shows the others.
const MOST = 500;

// The rest of what a step sends is in the panel.
const FEW = 3;

/** @param {{ diagram: Diagram, view: View }} props */
export function StepTable({ diagram, view }) {
  const { model, layout, select, pending, settings: { step: chosen } } = diagram;
  const steps = useMemo(() => inSight(model, layout, view), [model, layout, view]);
  const { lamport } = clocks(model);
  const { step, message, peers, texts } = model;
  /** @param {number} s */
  const sends = (s) => model.sent(s).filter((m) => !message.copy[m])
    .map((m) => `${kindOf(model, m)} to ${peers[message.receiver[m]]}${message.to[m] < 0 ? ` (${fate(model, m, pending)})` : ''}`);
  /** @param {string[]} all */
  const shortly = (all) => (all.length > FEW ? `${all.slice(0, FEW).join(', ')} and ${all.length - FEW} more` : all.join(', '));
  return html`
    <div class="scroll sight">
      ${steps.length > MOST && html`<p class="note">The first ${MOST} of ${plural(steps.length, 'step')} in sight.</p>`}
      <table>
        <thead><tr><th scope="col">Peer</th><th scope="col">Step</th><th scope="col">After</th><th scope="col">Lamport</th>
          <th scope="col">What</th><th scope="col">It says</th><th scope="col">Outputs</th><th scope="col">Sends</th></tr></thead>
        <tbody>${steps.slice(0, MOST).map((s) => html`
          <tr key=${s} aria-current=${s === chosen ? 'true' : undefined} onClick=${() => select({ step: s })}>
            <td>${peers[step.peer[s]]}</td>
            <td><button type="button" class="ref" onClick=${() => select({ step: s })}>${step.number[s]}</button></td>
            <td>${after(model, s)}</td><td>${lamport[s]}</td><td>${stepTitle(model, s)}</td>
            <td>${step.received[s] >= 0 ? texts[step.received[s]] : ''}</td>
            <td>${outputsOf(model, s).join('; ')}</td><td>${shortly(sends(s))}</td>
          </tr>`)}</tbody>
      </table>
    </div>`;
}

/** @param {Model} model @param {Layout} layout @param {View} view */
function inSight(model, layout, { start, span }) {
  const { place } = clocks(model);
  return layout.lines.flatMap(({ steps }) =>
    [...steps.filter((s) => layout.x[s] >= start && layout.x[s] <= start + span)])
    .sort((a, b) => place[a] - place[b]);
}
