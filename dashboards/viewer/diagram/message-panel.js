// All facts on the selected message.

import { html } from '../vendor/preact-htm.js';
import { fate } from '../fate.js';
import { Pair } from '../traces/span-details.js';
import { Peer } from '../peer-name.js';
import { toTrace } from '../router.js';
import { Head, StepRef } from './panel-parts.js';
import { kindOf } from './descriptions.js';

/** @param {{ model: Model, message: number, pending: string, select: Select }} props */
export function MessagePanel({ model, message: m, pending, select }) {
  const { sender, receiver, from, to } = model.message;
  return html`
    <section aria-label="Selected message">
      <${Head} title=${kindOf(model, m)} close=${() => select({})}>
        <p><${Peer} name=${model.peers[sender[m]]} /> → <${Peer} name=${model.peers[receiver[m]]} /></p>
        ${model.texts[m] && html`<p class="says">${model.texts[m]}</p>`}
        <dl class="pairs">
          <${Pair} name="fate" value=${fate(model, m, pending)} />
          <${Pair} name="sent by" value=${html`<${StepRef} model=${model} step=${from[m]} select=${select} />`} />
          ${to[m] >= 0 && html`
            <${Pair} name="received by" value=${html`<${StepRef} model=${model} step=${to[m]} select=${select} />`} />
            <${Pair} name="in its channel" value=${`sequence ${model.step.sequence[to[m]]}`} />`}
          <${Pair} name="message id" value=${html`<code>${model.messageIds[m]}</code>`} />
        </dl>
        <p><a href=${toTrace(model.traces[model.step.trace[from[m]]], model.spans[from[m]])}>Its sender’s trace</a></p>
      <//>
    </section>`;
}
