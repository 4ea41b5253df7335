// The violated properties of a run whose snapshots are not judged one by one, and the
// steps that they name.

import { html, useMemo } from '../vendor/preact-htm.js';
import { plural } from '../format.js';
import { toResults } from '../router.js';

// More are in the results.
const SHOWN = 3;

// `peer-01 (step 6)`, as judges name a step.
const NAMED = /([^\s(]+) \(step (\d+)\)/g;

// The violations of a failed run: [{ property, text }]. With another verdict, none is proven.
/** @param {Run | null} run */
export function violated(run) {
  if (run?.verdict?.status !== 'fail') return [];
  /** @type {Property[]} */
  const properties = run.results?.properties ?? [];
  return properties.flatMap(({ name, violations: all }) => (
    (all ?? []).map((text) => ({ property: name, text }))));
}

// The text in parts: [{ text, step }], where `step` is -1 outside of a step's name, and
// for a step that is not there.
/** @param {Model} model @param {string} text */
export function parts(model, text) {
  const all = [];
  let end = 0;
  for (const found of text.matchAll(NAMED)) {
    all.push({ text: text.slice(end, found.index), step: -1 });
    all.push({ text: found[0], step: stepOf(model, found[1], Number(found[2])) });
    end = found.index + found[0].length;
  }
  return [...all, { text: text.slice(end), step: -1 }].filter((part) => part.text);
}

/** @param {Model} model @param {string} name @param {number} number */
function stepOf(model, name, number) {
  const peer = model.peers.indexOf(name);
  if (peer < 0) return -1;
  return model.line(peer).find((s) => model.step.number[s] === number) ?? -1;
}

// The steps that violations name.
/** @param {Model} model @param {number} revision @param {Run | null} run */
export function useWrong(model, revision, run) {
  return useMemo(() => new Set(violated(run)
    .flatMap(({ text }) => parts(model, text))
    .map(({ step }) => step)
    .filter((step) => step >= 0)), [model, revision, run]);
}

// The first violation of each property, whose steps a click selects.
/** @param {{ diagram: Diagram }} props */
export function Violations({ diagram }) {
  const { model, run, cut, select } = diagram;
  const all = cut.snapshots.length || cut.live ? [] : violated(run);
  if (!all.length) return null;
  const by = [...Map.groupBy(all, ({ property }) => property)];
  const rest = by.length - SHOWN;
  return html`
    <div class="banner bad violations" role="status">
      ${by.slice(0, SHOWN).map(([property, [{ text }, ...more]]) => html`
        <p><b>${property} is violated:</b> ${parts(model, text).map((part) => (part.step < 0 ? part.text
          : html`<button type="button" class="ref" onClick=${() => select({ step: part.step })}>${part.text}</button>`))}
          ${more.length > 0 && ` (and ${more.length} more)`}</p>`)}
      ${rest > 0 && html`<p><a href=${toResults()}>${plural(rest, 'property', 'properties')} more in the results</a></p>`}
    </div>`;
}
