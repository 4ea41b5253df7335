// Which peers are drawn, and which of them share one line.

import { html, useState } from '../vendor/preact-htm.js';
import { plural } from '../format.js';
import { Peer } from '../peer-name.js';
import { Menu } from './menu.js';
import { partners } from './peer-partners.js';

// More names than this are found by typing.
const MOST = 200;

/** @param {{ model: Model, settings: Settings, set: SetSettings }} props */
export function PeerMenu({ model, settings, set }) {
  const { hidden, grouped } = settings;
  const [text, setText] = useState('');
  const all = model.inOrder;
  const named = all.filter((peer) => model.peers[peer].toLowerCase().includes(text.toLowerCase()));
  const shown = all.length - hidden.size;
  return html`
    <${Menu} kind="peers" title="Which peers have a line"
      label=${hidden.size ? `${shown} of ${plural(all.length, 'peer')}` : plural(all.length, 'peer')}>
      <div class="row-of-buttons">
        <button type="button" onClick=${() => set({ hidden: new Set(), grouped: new Set() })}>Show all</button>
        <button type="button" onClick=${() => set({ hidden: new Set(all), grouped: new Set() })}>Hide all</button>
      </div>
      <input type="search" placeholder="Find a peer" aria-label="Find a peer" value=${text}
        onInput=${(e) => setText(e.currentTarget.value)} />
      <ul>
        ${named.slice(0, MOST).map((peer) => html`
          <li key=${peer}>
            <label class="check"><input type="checkbox" checked=${!hidden.has(peer)}
              onChange=${() => set({ hidden: toggled(hidden, peer) })} /><${Peer} name=${model.peers[peer]} /></label>
            <label class="check" title="On one line, together with the others that share it"><input type="checkbox"
              checked=${grouped.has(peer)}
              onChange=${() => set({ grouped: toggled(grouped, peer) })} />shared line</label>
            <button type="button" title="Only this peer and those that it exchanges messages with"
              onClick=${() => set(only(model, peer))}>only its partners</button>
          </li>`)}
      </ul>
      ${named.length > MOST && html`<p class="note">and ${plural(named.length - MOST, 'peer')} more: type a name</p>`}
    <//>`;
}

/** @param {Set<number>} set @param {number} peer */
function toggled(set, peer) {
  const next = new Set(set);
  if (!next.delete(peer)) next.add(peer);
  return next;
}

/** @param {Model} model @param {number} peer */
export function only(model, peer) {
  const kept = partners(model, peer).add(peer);
  return { hidden: new Set(model.inOrder.filter((one) => !kept.has(one))), grouped: new Set() };
}

/** @param {Model} model @param {number} peer */
export function restShared(model, peer) {
  const kept = partners(model, peer).add(peer);
  return { hidden: new Set(), grouped: new Set(model.inOrder.filter((one) => !kept.has(one))) };
}
