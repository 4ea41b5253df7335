// Beside the picture: what is selected, and what the cut says.

import { html } from '../vendor/preact-htm.js';
import { CutPanel } from './cut-panel.js';
import { MessagePanel } from './message-panel.js';
import { PeerPanel } from './peer-panel.js';
import { StepPanel } from './step-panel.js';

export function Panel({ model, settings, layout, cut, live, select, set, sight }) {
  const { step, message, peer } = settings;
  const selected = step >= 0 || message >= 0 || peer >= 0;
  if (!selected && !cut.points) return null;
  return html`
    <aside class="details side" aria-label="Details">
      ${step >= 0 && html`<${StepPanel} key=${`s${step}`} model=${model} step=${step} live=${live} select=${select} />`}
      ${step < 0 && message >= 0 && html`<${MessagePanel} model=${model} message=${message} live=${live} select=${select} />`}
      ${step < 0 && message < 0 && peer >= 0 && html`
        <${PeerPanel} model=${model} peer=${peer} settings=${settings} select=${select} set=${set} />`}
      ${cut.points && html`<${CutPanel} model=${model} layout=${layout} cut=${cut} settings=${settings} select=${select}
        sight=${sight} live=${live} />`}
    </aside>`;
}
