// Beside the picture: what is selected, and what the cut says.

import { html } from '../vendor/preact-htm.js';
import { CutPanel } from './cut-panel.js';
import { MessagePanel } from './message-panel.js';
import { PeerPanel } from './peer-panel.js';
import { StepPanel } from './step-panel.js';

export function Panel({ model, run, settings, cut, pending, select, set, sight }) {
  const { step, message, peer } = settings;
  const selected = step >= 0 || message >= 0 || peer >= 0;
  const hasCut = cut.points || cut.snapshot;
  if (!selected && !hasCut) return null;
  return html`
    <aside class="details side" aria-label="Details">
      ${step >= 0 && html`<${StepPanel} key=${`s${step}`} model=${model} step=${step} pending=${pending} select=${select} />`}
      ${step < 0 && message >= 0 && html`<${MessagePanel} model=${model} message=${message} pending=${pending} select=${select} />`}
      ${step < 0 && message < 0 && peer >= 0 && html`
        <${PeerPanel} model=${model} peer=${peer} settings=${settings} select=${select} set=${set} />`}
      ${hasCut && html`<${CutPanel} model=${model} run=${run} cut=${cut} settings=${settings} select=${select}
        sight=${sight} pending=${pending} />`}
    </aside>`;
}
