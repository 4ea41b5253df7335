// The panel of the cut: whether it is consistent, and which messages are in flight
// across it.

import { html } from '../vendor/preact-htm.js';
import { plural } from '../format.js';
import { Judgement } from './cut-judgement.js';
import { About, Channels, Flying, MOST } from './cut-lists.js';
import { CutPointList } from './cut-points.js';
import { RunVerdict } from './run-verdict.js';

/** @param {{ diagram: Diagram }} props */
export function CutPanel({ diagram }) {
  const { model, run, cut, select, viewport } = diagram;
  const { snapshot, crossing, compared, own } = cut;
  return html`
    <section class="cut-panel" aria-label="The cut">
      <div class="title"><h3>${snapshot ? `Snapshot ${snapshot.snapshot}` : 'My cut'}</h3>
        <${Follow} cut=${cut} />
        ${cut.points && html`<button type="button" title="Bring the cut into sight (C)"
          onClick=${viewport.toCut}>Show it</button>`}</div>
      ${cut.problem && html`<p class="bad">The snapshots cannot be read: ${cut.problem}</p>`}
      <${RunVerdict} run=${run} live=${cut.live} snapshot=${snapshot} />
      ${cut.placing && cut.points ? html`<${Placing} model=${model} points=${cut.points} />`
        : html`<${Judgement} model=${model} run=${run} cut=${cut} select=${select} />`}
      ${compared ? html`<${Recorded} diagram=${diagram} compared=${compared} unreadable=${snapshot?.unreadable ?? []} />`
        : crossing && html`<${Flying} diagram=${diagram}
          title=${snapshot ? 'Under way across the recorded states' : 'In flight in the cut'}
            messages=${crossing.flying}
            note=${snapshot && 'Sent before the cut, and not received before it. '
              + 'What the snapshot recorded of its channels is not held against it.'} />`}
      ${crossing && html`<${Beside} diagram=${diagram} crossing=${crossing} />`}
      ${snapshot && html`<${About} model=${model} snapshot=${snapshot} />`}
      ${cut.points && html`<${CutPointList} model=${model} points=${cut.points} drag=${cut.drag} />`}
      ${own && cut.snapshots.length > 0 && html`<p><button type="button" onClick=${() => cut.choose('')}>
        Back to the recorded snapshot</button></p>`}
    </section>`;
}

// While the run goes on, the panel follows the newest snapshot.
/** @param {{ cut: Cut }} props */
function Follow({ cut }) {
  const { snapshot } = cut;
  if (!cut.live || !snapshot) return null;
  return cut.following
    ? html`<button type="button" title="Keep this snapshot in sight while newer ones are taken"
        onClick=${() => cut.choose(snapshot.snapshot)}>Stay</button>`
    : html`<button type="button" title="Show the newest snapshot, and each newer one"
        onClick=${() => cut.choose('')}>Follow the newest</button>`;
}

/** @param {{ model: Model, points: CutPoints }} props */
function Placing({ model, points }) {
  const left = model.inOrder.filter((peer) => points[peer] < 0);
  return html`<p class="verdict"
    role="status"><b>Place the cut:</b> click each peer’s line where the cut is to cross it.${' '}
    ${left.length} of ${plural(model.peers.length, 'peer')} to go${left.length <= 5 && left.length > 0
      && `: ${left.map((peer) => model.peers[peer]).join(', ')}`}.</p>`;
}

// The snapshot's record of its channels, compared with the trace.
/** @param {{ diagram: Diagram, compared: Comparison, unreadable: string[] }} props */
function Recorded({ diagram, compared, unreadable }) {
  const { recorded, missed, open, unseen } = compared;
  const same = missed.length + unseen.length + open.length === 0;
  return html`
    <${Flying} diagram=${diagram} title=${same ? 'In flight in the cut' : 'In flight, and recorded'} messages=${recorded}
      none=${missed.length ? 'The snapshot recorded none of those that were under way.' : undefined}
      note="Sent before the cut, received after it: the snapshot recorded them as the state of their channels." />
    ${missed.length > 0 && html`<${Flying} diagram=${diagram} title="In flight, but not recorded" bad messages=${missed}
      note="The trace shows that these crossed the cut. The snapshot has missed them." />`}
    ${open.length > 0 && html`<${Flying} diagram=${diagram} title="In flight; not known whether recorded" messages=${open}
      note=${unreadable.length
        ? 'Their receivers reported their channels, but this record has at most the beginnings of the lists.'
        : 'This record has no report of their receivers’ channels.'} />`}
    <${Unseen} all=${unseen} />`;
}

/** @param {{ all: Comparison['unseen'] }} props */
function Unseen({ all }) {
  return all.length > 0 && html`
    <h4 class="bad">Recorded, but not in flight: ${all.length}</h4>
    <p class="note">The snapshot names these as under way, and the trace shows none such across this cut.</p>
    <ul class="plain">${all.slice(0, MOST).map(({ from, to, text }) => html`<li>${from} → ${to} ${text}</li>`)}</ul>
    ${all.length > MOST && html`<p class="note">and ${all.length - MOST} more</p>`}`;
}

// Messages that crossed the cut as well, but are not in flight in it.
/** @param {{ diagram: Diagram, crossing: Crossing }} props */
function Beside({ diagram, crossing }) {
  return html`
    ${crossing.lost.length > 0 && html`<details class="all">
      <summary>${plural(crossing.lost.length, 'message')} sent before the cut, and lost</summary>
      <${Channels} diagram=${diagram} messages=${crossing.lost} /></details>`}
    ${crossing.control.length > 0 && html`<details class="all">
      <summary>${plural(crossing.control.length, 'message')} of the snapshot algorithm crossed it as well</summary>
      <p class="note">They are no part of the state that is recorded.</p>
      <${Channels} diagram=${diagram} messages=${crossing.control} /></details>`}`;
}
