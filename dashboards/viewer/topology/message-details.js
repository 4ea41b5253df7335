// The selected message: its text and fate.

import { html } from '../vendor/preact-htm.js';
import { messageName } from '../diagram/settings.js';
import { toDiagram, toTrace } from '../router.js';
import { duration } from '../format.js';
import { Peer } from '../peer-name.js';

/** @param {{ model: Model, message: number, pending: string, close: () => void }} props */
export function Message({ model, message: m, pending, close }) {
  const { step, message } = model;
  const [sender, receiver] = [message.sender[m], message.receiver[m]].map((peer) => model.peers[peer]);
  const [from, to] = [message.from[m], message.to[m]];
  const missing = message.reason[m] >= 0 ? `lost: ${model.reasons[message.reason[m]]}` : pending || 'never arrived';
  const arrival = to >= 0 ? `arrived after ${duration(step.at[to] - step.at[from])}` : missing;
  return html`
    <div class="message" role="status">
      <div class="title"><h3>${model.kinds[message.kind[m]]}</h3>
        <button type="button" aria-label="Close" onClick=${close}>✕</button></div>
      <p><${Peer} name=${sender} /> → <${Peer} name=${receiver} /></p>
      ${model.texts[m] && html`<p><code>${model.texts[m]}</code></p>`}
      <p class=${message.reason[m] >= 0 ? 'bad' : 'note'}>${arrival}</p>
      <p><a href=${toDiagram({ message: messageName(model, m) })}>in the diagram</a>${' · '}
        <a href=${toTrace(model.traces[step.trace[from]], model.spans[from])}>in its trace</a></p>
    </div>`;
}
