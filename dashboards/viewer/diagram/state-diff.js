// A peer's state before and after a step, as what changed.

import { html } from '../vendor/preact-htm.js';
import { plural } from '../format.js';

const STATE = 'state.';

// Attributes of a span as `name → text`, without what they all begin with.
/** @param {Attribute[]} attributes */
export function stateOf(attributes) {
  return new Map(attributes.filter(({ key }) => key.startsWith(STATE))
    .map(({ key, text }) => [key.slice(STATE.length), text]));
}

// [{ name, before, after, changed }] in the order of names; undefined where the state has no such name.
/** @param {Map<string, string>} before @param {Map<string, string>} after @returns {Change[]} */
export function diff(before, after) {
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  return names.map((name) => ({
    name, before: before.get(name), after: after.get(name), changed: before.get(name) !== after.get(name),
  }));
}

// The same changes, and `apart: [before, after]`: whether these differ from
// those of another run's step.
/** @param {Change[]} changes @param {Change[]} others */
export function against(changes, others) {
  const known = new Map(others.map((other) => [other.name, other]));
  return changes.map((one) => {
    const other = known.get(one.name);
    return { ...one, apart: [one.before !== other?.before, one.after !== other?.after] };
  });
}

// `change` is of useChange (use-change.js).
/** @param {{ change: StepChange }} props */
export function State({ change: { changes, first, problem } }) {
  if (problem) return html`<p class="note">It cannot be read: ${problem}</p>`;
  if (!changes) return html`<p class="note">Reading …</p>`;
  if (!changes.length) return html`<p class="note">It was not recorded with this step.</p>`;
  const shown = changes.filter(({ changed, apart }) => changed || apart?.includes(true));
  const same = changes.filter((one) => !shown.includes(one));
  return html`
    ${!changes.some(({ changed }) => changed) && html`<p class="note">The step changed nothing.</p>`}
    ${shown.length > 0 && html`<${Table} changes=${shown} first=${first} />`}
    ${same.length > 0 && html`
      <details class="all" open=${shown.length === 0}>
        <summary>${plural(same.length, 'value')} unchanged</summary>
        <dl class="pairs">${same.map(({ name, after }) => html`<div key=${name}><dt>${name}</dt><dd>${after}</dd></div>`)}</dl>
      </details>`}`;
}

/** @param {{ changes: Change[], first: boolean }} props */
function Table({ changes, first }) {
  /** @param {boolean | undefined} apart */
  const mark = (apart) => (apart ? 'apart' : '');
  return html`
    <table class="diff">
      <thead><tr><th scope="col">value</th>${
        first ? html`<td></td>` : html`<th scope="col">before</th>`}<th scope="col">after</th></tr></thead>
      <tbody>${changes.map(({ name, before, after, changed, apart = [] }) => html`
        <tr key=${name}><th scope="row">${name}</th>
          <td class=${mark(!first && apart[0])}>${before !== undefined
            && (changed ? html`<del>${before}</del>` : html`<code>${before}</code>`)}</td>
          <td class=${mark(apart[1])}><${After} after=${after} changed=${changed} /></td></tr>`)}
      </tbody>
    </table>`;
}

/** @param {{ after: string | undefined, changed: boolean }} props */
function After({ after, changed }) {
  if (after === undefined) return html`<span class="note">gone</span>`;
  return changed ? html`<ins>${after}</ins>` : html`<code>${after}</code>`;
}
