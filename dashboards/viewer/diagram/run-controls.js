// Buttons that pause the run and inject faults, where the experiment allows them.

import { html, useState } from '../vendor/preact-htm.js';
import { control } from '../api.js';

/** @param {{ event: ServerEvent | null, model: Model }} props */
export function ControlBar({ event, model }) {
  const { allowed, paused } = event?.control ?? {};
  if (!event?.live || !allowed?.length) return null;
  return html`<${Buttons} allowed=${allowed} paused=${paused} model=${model} />`;
}

// The report of a press is in the past tense: another page can undo it. The server
// sends all pages which buttons are allowed, and whether the run is paused.
/** @param {{ allowed: string[], paused: boolean, model: Model }} props */
function Buttons({ allowed, paused, model }) {
  const [peer, setPeer] = useState('');
  const [other, setOther] = useState('');
  const [report, setReport] = useState(/** @type {{ text: string, bad?: boolean } | null} */ (null));
  const names = model.inOrder.map((one) => model.peers[one]);
  /** @type {(action: string, target: { peer?: string, other?: string }, done?: string) => Promise<void>} */
  const press = (action, target, done) => control(action, target).then(
    () => setReport(done ? { text: done } : null),
    (error) => setReport({ text: `Refused: ${error.message}`, bad: true }),
  );
  const [a, b] = [peer || names[0], other || names.find((name) => name !== (peer || names[0]))];
  const link = { peer: a, other: b };
  const between = `The link between ${a} and ${b}`;
  /** @param {string | undefined} value @param {(name: string) => void} change @param {string} label */
  const choice = (value, change, label) => html`
    <select value=${value} aria-label=${label} onChange=${(e) => change(e.currentTarget.value)}>
      ${names.map((name) => html`<option key=${name} value=${name}>${name}</option>`)}</select>`;
  return html`
    <div class="bar control" role="group" aria-label="Control the run">
      <b>Control</b>
      ${allowed.includes('pause') && (paused
        ? html`<button type="button" onClick=${() => press('resume', {})}>Resume</button>`
        : html`<button type="button" onClick=${() => press('pause', {})}>Pause</button>`)}
      ${(allowed.includes('kill') || allowed.includes('cut')) && choice(a, setPeer, 'Peer')}
      ${allowed.includes('kill') && html`<button type="button" class="danger"
        onClick=${() => press('kill', { peer: a }, `${a} was killed.`)}>Kill it</button>`}
      ${allowed.includes('restart') && html`<button type="button"
        onClick=${() => press('restart', { peer: a }, `${a} restarts.`)}>Restart it</button>`}
      ${allowed.includes('cut') && html`
        <span class="group">${choice(b, setOther, 'The link’s other end')}
          <button type="button" class="danger"
            onClick=${() => press('cut', link, `${between} was cut.`)}>Cut link</button>
          <button type="button" onClick=${() => press('heal', link, `${between} was healed.`)}>Heal</button>
        </span>`}
      ${paused && html`<b role="status">The run is paused.</b>`}
      ${report && html`<span class=${report.bad ? 'bad' : 'note'} role="status">${report.text}</span>`}
    </div>`;
}
