// Buttons that reach into the run, where the experiment allows it.

import { html, useState } from '../vendor/preact-htm.js';
import { control, getControl, useLoaded } from '../api.js';

export function ControlBar({ event, model }) {
  if (!event?.live) return null;
  return html`<${Buttons} event=${event} model=${model} />`;
}

function Buttons({ event, model }) {
  const [turn, setTurn] = useState(0);
  const state = useLoaded(getControl, 'control', `${event.revision} ${turn}`);
  const [peer, setPeer] = useState('');
  const [other, setOther] = useState('');
  const [said, setSaid] = useState(null);
  const allowed = state.value?.allowed ?? [];
  if (!allowed.length) return null;
  const names = model.inOrder.map((one) => model.peers[one]);
  const press = (action, who, done) => control(action, who).then(
    () => { setSaid({ text: done }); setTurn(turn + 1); },
    (error) => setSaid({ text: `Refused: ${error.message}`, bad: true }),
  );
  const [a, b] = [peer || names[0], other || names.find((name) => name !== (peer || names[0]))];
  const link = { peer: a, other: b };
  const between = `The link between ${a} and ${b}`;
  const choice = (value, change, label) => html`
    <select value=${value} aria-label=${label} onChange=${(e) => change(e.currentTarget.value)}>
      ${names.map((name) => html`<option key=${name} value=${name}>${name}</option>`)}</select>`;
  return html`
    <div class="bar control" role="group" aria-label="Reach into the run">
      <b>Reach in</b>
      ${allowed.includes('pause') && (state.value.paused
        ? html`<button type="button" onClick=${() => press('resume', {}, 'The run goes on.')}>Resume</button>`
        : html`<button type="button" onClick=${() => press('pause', {}, 'The run is paused.')}>Pause</button>`)}
      ${(allowed.includes('kill') || allowed.includes('cut')) && choice(a, setPeer, 'Peer')}
      ${allowed.includes('kill') && html`<button type="button" class="danger"
        onClick=${() => press('kill', { peer: a }, `${a} is dead.`)}>Kill it</button>`}
      ${allowed.includes('cut') && html`
        <span class="group">${choice(b, setOther, 'The link’s other end')}
          <button type="button" class="danger" onClick=${() => press('cut', link, `${between} is cut.`)}>Cut link</button>
          <button type="button" onClick=${() => press('heal', link, `${between} is whole again.`)}>Heal</button>
        </span>`}
      ${said && html`<span class=${said.bad ? 'bad' : 'note'} role="status">${said.text}</span>`}
    </div>`;
}
