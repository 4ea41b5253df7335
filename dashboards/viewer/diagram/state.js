// A peer's state before and after a step, as what changed.

import { html } from '../vendor/preact-htm.js';
import { plural } from '../format.js';

const STATE = 'state.';

// Attributes of a span as `name → text`, without what they all begin with.
export function stateOf(attributes) {
  return new Map(attributes.filter(({ key }) => key.startsWith(STATE))
    .map(({ key, text }) => [key.slice(STATE.length), text]));
}

// [{ name, before, after, changed }] in the order of names; undefined: was not, or is not any more.
export function diff(before, after) {
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  return names.map((name) => ({
    name, before: before.get(name), after: after.get(name), changed: before.get(name) !== after.get(name),
  }));
}

export function Changes({ changes, first }) {
  const changed = changes.filter((one) => one.changed);
  const same = changes.filter((one) => !one.changed);
  if (!changes.length) return html`<p class="note">It was not recorded with this step.</p>`;
  return html`
    ${changed.length === 0 && html`<p class="note">The step changed nothing.</p>`}
    ${changed.length > 0 && html`
      <table class="diff">
        <thead><tr><th scope="col"></th><th scope="col">${first ? '' : 'before'}</th><th scope="col">after</th></tr></thead>
        <tbody>${changed.map(({ name, before, after }) => html`
          <tr key=${name}><th scope="row">${name}</th>
            <td>${before === undefined ? '' : html`<del>${before}</del>`}</td>
            <td>${after === undefined ? html`<span class="note">gone</span>` : html`<ins>${after}</ins>`}</td></tr>`)}
        </tbody>
      </table>`}
    ${same.length > 0 && html`
      <details class="all" open=${changed.length === 0}>
        <summary>${plural(same.length, 'value')} unchanged</summary>
        <dl class="pairs">${same.map(({ name, after }) => html`<div key=${name}><dt>${name}</dt><dd>${after}</dd></div>`)}</dl>
      </details>`}`;
}
