// The lists of the cut's panel: messages by channel, and what the snapshot recorded.

import { html } from '../vendor/preact-htm.js';
import { fate } from '../fate.js';
import { plural } from '../format.js';
import { Peer } from '../peer-name.js';
import { byChannel } from './cut.js';
import { MessageRef } from './panel-parts.js';

// A longer list is cut here, and the rest is counted.
export const MOST = 200;

const NONE = 'No message was under way across this cut.';

/**
 * @param {{
 *   diagram: Diagram, title: string, messages: number[], note?: string, none?: string,
 *   bad?: boolean,
 * }} props
 */
export function Flying({ diagram, title, messages, note, none = NONE, bad }) {
  return html`
    <div class=${`flying ${bad ? 'missed' : ''}`}>
      <h4>${title}: <b class="total">${plural(messages.length, 'message')}</b></h4>
      ${messages.length > 0 ? html`${note && html`<p class="note">${note}</p>`}<${Channels} diagram=${diagram}
        messages=${messages} />`
        : html`<p class="note">${none}</p>`}
    </div>`;
}

/** @param {{ diagram: Diagram, messages: number[] }} props */
export function Channels({ diagram: { model, settings, select, pending }, messages }) {
  /** @param {number} m */
  const arrived = (m) => model.message.to[m] >= 0;
  return html`
    <ul class="channels">${byChannel(model, messages.slice(0, MOST)).map(({ from, to, messages: all }) => html`
      <li key=${`${from} ${to}`}>
        <p class="channel"><${Peer} name=${model.peers[from]} /> → <${Peer} name=${model.peers[to]} /></p>
        <ul class="plain">${all.map((m) => html`<li key=${m}>
          <${MessageRef} model=${model} message=${m} select=${select} chosen=${settings.message === m}
            pending=${pending} />
          ${!arrived(m) && !pending && html`<span class="note"> ${fate(model, m, pending)}</span>`}</li>`)}</ul>
      </li>`)}</ul>
    ${messages.length > MOST && html`<p class="note">and ${messages.length - MOST} more</p>`}`;
}

/** @param {{ model: Model, snapshot: Snapshot }} props */
export function About({ model, snapshot: { recorded, finished, complete } }) {
  /** @param {string[]} list */
  const some = (list) => (list.length > 3 ? plural(list.length, 'peer') : list.join(', '));
  return html`
    <h4>The snapshot</h4>
    <p>${recorded.length} of ${plural(model.peers.length, 'peer')} recorded their state, ${
      finished.length} reported their channels. ${complete.length > 0 && `${some(complete)} reported it complete.`}</p>
    <details class="all"><summary>Recorded states</summary>
      <dl class="pairs">${recorded.map(({ peer, state }) => html`<div key=${peer}><dt>${peer}</dt>
        <dd>${Object.entries(state).map(([name, value]) => `${name}=${value}`).join(' ')}</dd></div>`)}</dl></details>`;
}
