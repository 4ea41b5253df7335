// How the first steps that differ changed the state of their peer, run beside run.
// Differences between the two are marked.

import { html } from '../vendor/preact-htm.js';
import { State, against } from '../diagram/state-diff.js';
import { useChange } from '../diagram/use-change.js';

/** @param {{ first: PeerDifference, a: ReadRun, b: ReadRun }} props */
export function States({ first, a, b }) {
  const [one, two] = [useChange(a.model, first.a, a.id), useChange(b.model, first.b, b.id)];
  const sides = [{ step: first.a, change: one, other: two }, { step: first.b, change: two, other: one }];
  return sides.map(({ step, change, other }, i) => html`
    <section key=${i} class="state">
      <h3>State of ${first.peer} in ${'AB'[i]}</h3>
      ${step < 0 ? html`<p class="note">There is no more step.</p>` : html`<${State} change=${beside(change, other)} />`}
    </section>`);
}

/** @param {StepChange} change @param {StepChange} other */
const beside = (change, other) => (change.changes && other.changes
  ? { ...change, changes: against(change.changes, other.changes) } : change);
