// The panel beside the picture: the selection and the cut.

import { html, useLayoutEffect, useRef } from '../vendor/preact-htm.js';
import { CutPanel } from './cut-panel.js';
import { MessagePanel } from './message-panel.js';
import { PeerPanel } from './peer-panel.js';
import { StepPanel } from './step-panel.js';

/** @param {{ diagram: Diagram }} props */
export function Panel({ diagram }) {
  const { model, settings, cut, pending, select, set, flows } = diagram;
  const { step, message, peer } = settings;
  const box = useRef(null);
  // A new selection is shown from its heading on.
  useLayoutEffect(() => { if (box.current) box.current.scrollTop = 0; }, [step, message, peer]);
  const selected = step >= 0 || message >= 0 || peer >= 0;
  const hasCut = cut.points || cut.snapshot;
  if (!selected && !hasCut) return null;
  return html`
    <aside class="details side" ref=${box} aria-label="Details" tabIndex="0">
      ${step >= 0 && html`<${StepPanel} key=${`s${step}`} model=${model} step=${step} pending=${pending}
        select=${select} />`}
      ${step < 0 && message >= 0 && html`<${MessagePanel} model=${model} message=${message} pending=${pending}
        select=${select} />`}
      ${step < 0 && message < 0 && peer >= 0 && html`
        <${PeerPanel} model=${model} peer=${peer} settings=${settings} select=${select} set=${set}
          flows=${flows} />`}
      ${hasCut && html`<${CutPanel} diagram=${diagram} />`}
    </aside>`;
}
