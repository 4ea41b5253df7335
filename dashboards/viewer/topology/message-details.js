// The selected message: its text and fate.

import { html } from '../vendor/preact-htm.js';
import { messageName } from '../diagram/settings.js';
import { toDiagram, toTrace } from '../router.js';
import { fate } from '../fate.js';
import { Peer } from '../peer-name.js';

/** @param {{ model: Model, message: number, pending: string, close: () => void }} props */
export function Message({ model, message: m, pending, close }) {
  const { step, message } = model;
  const [sender, receiver] = [message.sender[m], message.receiver[m]].map((peer) => model.peers[peer]);
  const from = message.from[m];
  return html`
    <div class="message" role="status">
      <div class="title"><h3>${model.kinds[message.kind[m]]}</h3>
        <button type="button" aria-label="Close" onClick=${close}>✕</button></div>
      <p><${Peer} name=${sender} /> → <${Peer} name=${receiver} /></p>
      ${model.texts[m] && html`<p><code>${model.texts[m]}</code></p>`}
      <p class=${message.reason[m] >= 0 ? 'bad' : 'note'}>${fate(model, m, pending)}</p>
      <p><a href=${toDiagram({ message: messageName(model, m) })}>in the diagram</a>${' · '}
        <a href=${toTrace(model.traces[step.trace[from]], model.spans[from])}>in its trace</a></p>
    </div>`;
}
