// What the cut says: whether it is consistent, and which messages were in
// flight when it was made.

import { html } from '../vendor/preact-htm.js';
import { plural } from '../format.js';
import { Peer } from '../peer.js';
import { byChannel } from './cut.js';
import { MessageRef } from './parts.js';
import { Points } from './points.js';
import { kindOf } from './words.js';

// A list that nobody reads to its end is cut here; the count says the rest.
const MOST = 200;

export function CutPanel({ model, cut, settings, select, sight, live }) {
  const { snapshot, said, compared, own } = cut;
  return html`
    <section class="cut-panel" aria-label="The cut">
      <div class="title"><h3>${own ? 'My cut' : `Snapshot ${snapshot.snapshot}`}</h3>
        <button type="button" title="Bring the cut into sight (C)" onClick=${sight.toCut}>Show it</button></div>
      ${cut.problem && html`<p class="bad">The snapshots cannot be read: ${cut.problem}</p>`}
      ${cut.placing ? html`<${Placing} model=${model} cut=${cut} />`
        : html`<${Judgement} model=${model} cut=${cut} select=${select} />`}
      ${compared
        ? html`<${Recorded} model=${model} compared=${compared} settings=${settings} select=${select} live=${live} />`
        : html`<${Flying} model=${model} title="In flight in the cut" messages=${said.flying} settings=${settings}
            select=${select} live=${live} />`}
      ${said.lost.length > 0 && html`<details class="all">
        <summary>${plural(said.lost.length, 'message')} sent before the cut got lost</summary>
        <${Channels} model=${model} messages=${said.lost} settings=${settings} select=${select} live=${live} /></details>`}
      ${snapshot && html`<${About} model=${model} snapshot=${snapshot} />`}
      <${Points} model=${model} cut=${cut} />
      ${own && cut.snapshots.length > 0 && html`<p><button type="button" onClick=${() => cut.choose('')}>
        Back to the recorded snapshot</button></p>`}
    </section>`;
}

function Placing({ model, cut }) {
  const left = model.inOrder.filter((peer) => cut.points[peer] < 0);
  return html`<p class="verdict" role="status"><b>Place the cut:</b> click each peer’s line where the cut is to cross it.${' '}
    ${left.length} of ${plural(model.peers.length, 'peer')} to go${left.length <= 5 && left.length > 0
      && `: ${left.map((peer) => model.peers[peer]).join(', ')}`}.</p>`;
}

function Judgement({ model, cut, select }) {
  const { orphans, whole } = cut.said;
  if (!orphans.length) {
    return html`<p class="verdict good" role="status"><b>✓ Consistent.</b>${' '}
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

// What the snapshot recorded of its channels, held against what the trace shows.
function Recorded({ model, compared, settings, select, live }) {
  const { recorded, missed, control, unseen } = compared;
  const right = missed.length + unseen.length === 0;
  return html`
    <${Flying} model=${model} title=${right ? 'In flight in the cut' : 'In flight, and recorded'} messages=${recorded}
      settings=${settings} select=${select} live=${live}
      none=${right ? undefined : 'The snapshot recorded none of those that were under way.'}
      note="Sent before the cut, received after it: the snapshot recorded them as the state of their channels." />
    ${missed.length > 0 && html`<${Flying} model=${model} title="In flight, but not recorded" bad messages=${missed}
      settings=${settings} select=${select} live=${live}
      note="The trace shows that these crossed the cut. The snapshot has missed them." />`}
    ${unseen.length > 0 && html`
      <h4 class="bad">Recorded, but not in flight: ${unseen.length}</h4>
      <p class="note">The snapshot names these as under way, and the trace shows none such across this cut.</p>
      <ul class="plain">${unseen.slice(0, MOST).map(({ from, to, text }) => html`<li>${from} → ${to} ${text}</li>`)}</ul>`}
    ${control.length > 0 && html`<details class="all">
      <summary>${plural(control.length, 'message')} of the snapshot algorithm crossed it as well</summary>
      <p class="note">They are no part of the state that is recorded.</p>
      <${Channels} model=${model} messages=${control} settings=${settings} select=${select} live=${live} /></details>`}`;
}

const NONE = 'No message was under way across this cut.';

function Flying({ model, title, messages, settings, select, live, note, none = NONE, bad }) {
  return html`
    <div class=${`flying ${bad ? 'missed' : ''}`}>
      <h4>${title}: <b class="total">${plural(messages.length, 'message')}</b></h4>
      ${messages.length > 0 ? html`${note && html`<p class="note">${note}</p>`}
          <${Channels} model=${model} messages=${messages} settings=${settings} select=${select} live=${live} />`
        : html`<p class="note">${none}</p>`}
    </div>`;
}

function Channels({ model, messages, settings, select, live }) {
  return html`
    <ul class="channels">${byChannel(model, messages.slice(0, MOST)).map(({ from, to, messages: all }) => html`
      <li key=${`${from} ${to}`}>
        <p class="channel"><${Peer} name=${model.peers[from]} /> → <${Peer} name=${model.peers[to]} /></p>
        <ul class="plain">${all.map((m) => html`<li key=${m}>
          <${MessageRef} model=${model} message=${m} select=${select} chosen=${settings.message === m} live=${live} />
          ${model.message.to[m] < 0 && !live && html`<span class="note"> never arrived</span>`}</li>`)}</ul>
      </li>`)}</ul>
    ${messages.length > MOST && html`<p class="note">and ${messages.length - MOST} more</p>`}`;
}

function About({ model, snapshot: { recorded, complete, aborted } }) {
  return html`
    <h4>The snapshot</h4>
    <p>${recorded.length} of ${plural(model.peers.length, 'peer')} recorded their state. ${
      complete.length > 3 ? `${complete.length} peers` : complete.join(', ') || 'Nobody'} said that it is complete.</p>
    ${aborted.map(({ peer, missing }) => html`<p class="bad">${peer} gave it up: ${missing.join(', ')} did not answer.</p>`)}
    <details class="all"><summary>Recorded states</summary>
      <dl class="pairs">${recorded.map(({ peer, state }) => html`<div key=${peer}><dt>${peer}</dt>
        <dd>${Object.entries(state).map(([name, value]) => `${name}=${value}`).join(' ')}</dd></div>`)}</dl></details>`;
}
