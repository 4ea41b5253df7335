// The selected peer: its steps and messages, and buttons for its line.

import { html, useMemo } from '../vendor/preact-htm.js';
import { Pair } from '../traces/span-details.js';
import { count, duration } from '../format.js';
import { Peer } from '../peer-name.js';
import { toTopology, toTraces } from '../router.js';
import { OutagesOf } from './outage-words.js';
import { partners } from './peer-partners.js';
import { Head } from './panel-parts.js';
import { only, restShared } from './peer-menu.js';

/**
 * @param {{
 *   model: Model, peer: number, settings: Settings, select: Select, set: SetSettings, flows: FlowsOf,
 * }} props
 */
export function PeerPanel({ model, peer, settings, select, set, flows }) {
  const name = model.peers[peer];
  const facts = useMemo(() => factsOf(model, peer), [model.revision, peer]);
  const hide = () => {
    set({ hidden: new Set([...settings.hidden, peer]) });
    select({});
  };
  return html`
    <section aria-label="Selected peer">
      <${Head} title=${html`<${Peer} name=${name} />`} close=${() => select({})}>
        <dl class="pairs">
          <${Pair} name="steps" value=${count(facts.steps)} />
          <${Pair} name="messages sent" value=${count(facts.sent)} />
          <${Pair} name="received" value=${count(facts.received)} />
          ${facts.unarrived > 0 && html`<${Pair} name="of those sent, not arrived" value=${count(facts.unarrived)} />`}
          <${Pair} name="exchanges with" value=${`${count(facts.partners)} peers`} />
          ${facts.steps > 0 && html`<${Pair} name="from, to"
            value=${`${duration(facts.first)}, ${duration(facts.last)}`} />`}
        </dl>
        <div class="row-of-buttons">
          <button type="button" onClick=${hide}>Hide it</button>
          <button type="button" onClick=${() => set(only(model, peer))}>Only it and its partners</button>
          <button type="button" onClick=${() => set(restShared(model, peer))}>The others on one line</button>
        </div>
        <p><a href=${toTopology({ peer: name })}>In the topology</a> · <a href=${toTraces({ service: name })}>Its traces</a></p>
        <${OutagesOf} model=${model} peer=${peer} flows=${flows} />
      <//>
    </section>`;
}

/** @param {Model} model @param {number} peer */
function factsOf(model, peer) {
  const { sender, receiver, to, copy } = model.message;
  const line = model.line(peer);
  const facts = {
    steps: line.length, sent: 0, received: 0, unarrived: 0,
    partners: partners(model, peer).size, first: 0, last: 0,
  };
  for (let m = 0; m < model.message.count; m += 1) {
    if (sender[m] === peer && !copy[m]) {
      facts.sent += 1;
      if (to[m] < 0) facts.unarrived += 1;
    }
    if (receiver[m] === peer && to[m] >= 0) facts.received += 1;
  }
  if (line.length) {
    facts.first = model.step.at[line[0]] - model.first;
    facts.last = model.step.at[line[line.length - 1]] - model.first;
  }
  return facts;
}
