// The selected step: what it handled, how the state of its peer changed, what
// it sent, and its clocks.

import { html } from '../vendor/preact-htm.js';
import { clocks } from '../causality.js';
import { Group, Pair } from '../traces/span-details.js';
import { duration, plural } from '../format.js';
import { Peer } from '../peer-name.js';
import { toTrace } from '../router.js';
import { Head, MessageRef, StepRef } from './panel-parts.js';
import { State } from './state-diff.js';
import { useChange } from './use-change.js';
import { after, stepTitle, vectorText } from './descriptions.js';

// A step in a full mesh can send to all peers; the list is cut here.
const MOST = 30;

// The other events of a step's span are its messages (trace/src/steps).
/** @param {{ name: string }} event */
const isOutput = ({ name }) => name !== 'send';

/** @param {{ name: string, attributes: Attribute[] }} event */
const outputGroup = ({ name, attributes }) => html`<${Group} name=${`Output ${name}`} all=${attributes} />`;

/** @param {{ model: Model, step: number, pending: string, select: Select }} props */
export function StepPanel({ model, step: s, pending, select }) {
  const { step, peers, traces, spans } = model;
  const [trace, span] = [traces[step.trace[s]], spans[s]];
  const change = useChange(model, s);
  const received = step.received[s];
  const sent = model.sent(s).filter((m) => !model.message.copy[m]);
  const outputs = model.outputs.get(s) ?? [];
  return html`
    <section aria-label="Selected step">
      <${Head} title=${stepTitle(model, s)} close=${() => select({})}>
        <p><${Peer} name=${peers[step.peer[s]]} />${' '}step ${step.number[s]}, after ${after(model, s)}
          ${' · '}<a href=${toTrace(trace, span)}>its trace</a></p>
        ${step.from[s] >= 0 && html`<${Received} model=${model} step=${s} message=${received} pending=${pending}
          select=${select} />`}
        <h4>State of ${peers[step.peer[s]]}</h4>
        <${State} change=${change} />
        ${outputs.length > 0 && html`<h4>Outputs</h4>`}
        ${outputs.map(({ kind, text }) => html`<p><b>${kind}</b> ${text}</p>`)}
        ${sent.length > 0 && html`<${Sent} model=${model} messages=${sent} select=${select} pending=${pending} />`}
        <h4>Clocks</h4>
        <dl class="pairs">
          <${Pair} name="Lamport" value=${clocks(model).lamport[s]} />
          <${Pair} name="vector" value=${vectorText(model, s)} />
          <${Pair} name="takes" value=${duration(step.duration[s])} />
        </dl>
        ${change.span && html`<details class="all"><summary>All attributes</summary>
          <${Group} name="Step" all=${change.span.attributes} /><${Group} name="Peer"
            all=${change.span.resource} />${change.span.events.filter(isOutput).map(outputGroup)}</details>`}
      <//>
    </section>`;
}

/** @param {{ model: Model, step: number, message: number, pending: string, select: Select }} props */
function Received({ model, step: s, message, pending, select }) {
  const { step, peers, texts } = model;
  return html`
    <h4>Handles</h4>
    ${message >= 0 && texts[message] && html`<p class="says">${texts[message]}</p>`}
    <p>${message >= 0 ? html`sent by <${StepRef} model=${model} step=${model.message.from[message]} select=${select} />`
      : html`from <${Peer} name=${peers[step.from[s]]} />${
        pending ? ', whose step that sent it is not here' : ', of whose sending there is no trace'}`}
      <span class="note"> sequence ${step.sequence[s]} in its channel</span></p>`;
}

/** @param {{ model: Model, messages: number[], select: Select, pending: string }} props */
function Sent({ model, messages, select, pending }) {
  return html`
    <h4>Sends ${plural(messages.length, 'message')}</h4>
    <ul class="plain">${messages.slice(0, MOST).map((m) => html`<li key=${m}>
      <${MessageRef} model=${model} message=${m} select=${select} more pending=${pending} /></li>`)}</ul>
    ${messages.length > MOST && html`<p class="note">and ${messages.length - MOST} more</p>`}`;
}
