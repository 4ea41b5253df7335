// Whether a cut is consistent, and where that is not known, why.

import { html } from '../vendor/preact-htm.js';
import { count, plural } from '../format.js';
import { MOST } from './cut-lists.js';
import { MessageRef } from './panel-parts.js';
import { whyAborted } from './snapshots.js';
import { kindOf } from './descriptions.js';

/** @param {{ model: Model, run: Run | null, cut: Cut, select: Select }} props */
export function Judgement({ model, run, cut, select }) {
  switch (cut.status) {
    case 'reading': return html`<${Reading} model=${model} />`;
    case 'aborted': return html`<${Aborted} snapshot=${cut.snapshot} />`;
    case 'open': return html`<${Open} model=${model} snapshot=${cut.snapshot} live=${cut.live} />`;
    case 'missing': return html`<${Missing} missing=${cut.missing} live=${cut.live} />`;
    default: return html`<${Known} model=${model} run=${run} cut=${cut} select=${select} />`;
  }
}

/** @param {{ model: Model }} props */
function Reading({ model }) {
  return html`<p class="verdict open" role="status"><b>Reading the run:</b> ${count(model.next)} of ${
    plural(model.next + model.left, 'span')}. The judgement of the cut follows when all of it is read.</p>`;
}

/** @param {{ snapshot: Snapshot }} props */
function Aborted({ snapshot }) {
  const { by, silent, late, unheard } = whyAborted(snapshot);
  const stopped = silent.filter((peer) => snapshot.stopped.includes(peer));
  const other = silent.filter((peer) => !stopped.includes(peer));
  return html`<div class="verdict open" role="status">
    <p><b>Aborted:</b> ${names(by)} timed out. There is no snapshot that could be consistent or not.</p>
    ${stopped.length > 0 && html`<p>Killed, and recorded no state: ${names(stopped)}.</p>`}
    ${other.length > 0 && html`<p>Recorded no state: ${names(other)}.</p>`}
    ${late.length > 0 && html`<p>Recorded a state and waited for the end of their channels: ${names(late)}.</p>`}
    ${unheard.length > 0 && html`<p>Reported their channels, but the report did not arrive: ${names(unheard)}.</p>`}
  </div>`;
}

/** @param {{ model: Model, snapshot: Snapshot, live: boolean }} props */
function Open({ model, snapshot: { recorded, finished }, live }) {
  return html`<p class="verdict open"
    role="status"><b>${live ? 'Under way.' : 'Not complete when the run ended.'}</b>${' '}
    ${recorded.length} of ${plural(model.peers.length, 'peer')} recorded their state, ${finished.length} reported their
    channels. It is not known whether it is consistent.</p>`;
}

/** @param {{ missing: Missing[], live: boolean }} props */
function Missing({ missing, live }) {
  const steps = missing.reduce((sum, one) => sum + one.steps, 0);
  return html`<p class="verdict open" role="status"><b>Not known whether it is consistent.</b>${' '}
    ${plural(steps, 'step')} of ${names(missing.map(({ name }) => name))} before the cut ${
    steps === 1 ? 'is' : 'are'} not ${live ? 'recorded, or not read yet' : 'in this record'}: what ${
    steps === 1 ? 'it' : 'they'} sent and received is not known.</p>`;
}

// If the run did not pass, its verdict is above: a consistent cut does not make the
// run right.
/** @param {{ model: Model, run: Run | null, cut: Cut, select: Select }} props */
function Known({ model, run, cut, select }) {
  const { orphans, whole } = /** @type {Crossing} */ (cut.crossing);
  const calm = !cut.live && ['fail', 'unknown'].includes(run?.verdict?.status ?? '');
  if (!orphans.length) {
    return html`<p class=${`verdict ${calm ? 'plain' : 'good'}`} role="status">
      <b>${calm ? 'This cut is consistent.' : '✓ Consistent.'}</b>${' '}
      ${whole ? 'Every message' : 'Among the peers that it meets, every message'} that was received before
      the cut was also sent before it.</p>`;
  }
  const [first] = orphans;
  const { message, peers, step } = model;
  return html`
    <div class="verdict bad" role="alert">
      <p><b>✗ Not consistent.</b> The cut has an effect without its cause: ${peers[message.receiver[first]]} received ${
        kindOf(model, first)}${model.texts[first] && html` <q>${model.texts[first]}</q>`} before the cut, in step ${
        step.number[message.to[first]]}, but ${peers[message.sender[first]]} sent it after the cut, in step ${
        step.number[message.from[first]]}.</p>
    </div>
    <ul class="plain">${orphans.slice(0, MOST).map((m) => html`<li key=${m}>
      <${MessageRef} model=${model} message=${m} select=${select} more /></li>`)}</ul>
    ${orphans.length > MOST && html`<p class="note">and ${orphans.length - MOST} more</p>`}`;
}

const FEW = 5;

/** @param {string[]} all */
function names(all) {
  return all.length <= FEW ? all.join(', ') : `${all.slice(0, FEW - 1).join(', ')} and ${all.length - FEW + 1} more peers`;
}
