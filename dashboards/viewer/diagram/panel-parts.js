// Small parts of the panels.

import { html } from '../vendor/preact-htm.js';
import { fate } from '../fate.js';
import { Peer } from '../peer-name.js';
import { kindOf, stepTitle } from './descriptions.js';

// The head of a panel, with the button that closes it.
/** @param {{ title: any, close?: () => void, children?: any }} props */
export function Head({ title, close, children }) {
  return html`
    <div class="title">
      <h3>${title}</h3>
      ${close && html`<button type="button" aria-label="Close" title="Close (Escape)" onClick=${close}>✕</button>`}
    </div>
    ${children}`;
}

// A step by name, which a click selects.
/** @param {{ model: Model, step: number, select: Select }} props */
export function StepRef({ model, step, select }) {
  return html`<button type="button" class="ref" onClick=${() => select({ step })}>
    <${Peer} name=${model.peers[model.step.peer[step]]} />${' '}step ${model.step.number[step]}
    <span class="note"> ${stepTitle(model, step)}</span></button>`;
}

// A message in a list: its text and, with `more`, its sender, receiver and fate.
/**
 * @param {{
 *   model: Model, message: number, select: Select, chosen?: boolean, more?: boolean,
 *   pending?: string,
 * }} props
 */
export function MessageRef({ model, message: m, select, chosen, more, pending = '' }) {
  const { sender, receiver } = model.message;
  return html`
    <button type="button" class="ref message" aria-pressed=${chosen} onClick=${() => select({ message: m })}>
      <b>${kindOf(model, m)}</b> ${model.texts[m]}
      ${more && html`<span class="note"> ${model.peers[sender[m]]} → ${model.peers[receiver[m]]}, ${fate(model, m, pending)}</span>`}
    </button>`;
}
