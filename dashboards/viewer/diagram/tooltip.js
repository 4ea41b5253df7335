// The tooltip beside the pointer: the step, message or outage under it.

import { html, useLayoutEffect, useRef } from '../vendor/preact-htm.js';
import { clocks } from '../causality.js';
import { fate } from '../fate.js';
import { outageInWords } from './outage-words.js';
import { after, kindOf, outputsOf, route, stepTitle, vectorText } from './descriptions.js';

const APART = 14;

/**
 * @param {{
 *   model: Model, hover: Hit & { x: number, y: number }, size: Size, pending: string, flows: FlowsOf,
 * }} props
 */
export function Tooltip({ model, hover, size, pending, flows }) {
  const box = useRef(null);
  // It stands on the side where there is room.
  useLayoutEffect(() => {
    const { offsetWidth: wide, offsetHeight: high, style } = box.current;
    style.left = `${hover.x + APART + wide < size.width ? hover.x + APART : Math.max(4, hover.x - APART - wide)}px`;
    style.top = `${hover.y + APART + high < size.height ? hover.y + APART : Math.max(4, hover.y - APART - high)}px`;
  }, [hover, size]);
  return html`
    <div class="tooltip" ref=${box} role="tooltip" aria-hidden="true">
      ${hover.step !== undefined && html`<${AboutStep} model=${model} step=${hover.step} />`}
      ${hover.message !== undefined && html`<${AboutMessage} model=${model} message=${hover.message} pending=${pending} />`}
      ${hover.outage && html`<p>${outageInWords(model, hover.outage, flows)}</p>`}
    </div>`;
}

/** @param {{ model: Model, step: number }} props */
function AboutStep({ model, step }) {
  const received = model.step.received[step];
  const sent = model.sent(step).filter((m) => !model.message.copy[m]);
  return html`
    <p><b>${stepTitle(model, step)}</b></p>
    <p class="note">step ${model.step.number[step]} of ${model.peers[model.step.peer[step]]} · after ${after(model, step)}</p>
    ${received >= 0 && model.texts[received] && html`<p class="says">${model.texts[received]}</p>`}
    ${model.step.from[step] >= 0 && html`<p class="note">sequence ${model.step.sequence[step]} in its channel</p>`}
    ${sent.slice(0, 4).map((m) => html`<p>sends ${kindOf(model, m)} to ${model.peers[model.message.receiver[m]]}</p>`)}
    ${sent.length > 4 && html`<p>and ${sent.length - 4} messages more</p>`}
    ${outputsOf(model, step).map((output) => html`<p>outputs ${output}</p>`)}
    <p class="note">Lamport ${clocks(model).lamport[step]}, vector ${vectorText(model, step)}</p>`;
}

/** @param {{ model: Model, message: number, pending: string }} props */
function AboutMessage({ model, message, pending }) {
  const { from, to } = model.message;
  const { lamport } = clocks(model);
  const received = to[message];
  return html`
    <p><b>${kindOf(model, message)}</b> ${route(model, message)}</p>
    ${model.texts[message] && html`<p class="says">${model.texts[message]}</p>`}
    <p>${fate(model, message, pending)}${received >= 0 && html`, sequence ${model.step.sequence[received]} in its channel`}</p>
    <p class="note">sent at Lamport ${lamport[from[message]]}, vector ${vectorText(model, from[message])}</p>
    ${received >= 0 && html`<p class="note">received at Lamport ${lamport[received]}</p>`}`;
}
