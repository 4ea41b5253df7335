// Two runs beside each other, up to the first step that differs and beyond it.

import { html, useMemo, useState } from '../vendor/preact-htm.js';
import { getRun, getRuns, toRun, useLoaded } from '../api.js';
import { toRuns } from '../router.js';
import { missingFrom } from '../diagram/completeness.js';
import { count, plural } from '../format.js';
import { useModel } from '../use-model.js';
import { compare } from './run-difference.js';
import { Pair } from './diagram-pair.js';
import { States } from './state-comparison.js';

/** @param {{ route: PairRoute, event: ServerEvent | null }} props */
export function CompareRuns({ route, event }) {
  // At most one of the two runs goes on: the server's own.
  const current = useLoaded(getRuns, 'runs', 0).value?.current;
  /** @param {string} id */
  const growing = (id) => (event?.live && current === id ? event.revision : 'over');
  const [a, b] = [useOne(route.a, growing(route.a)), useOne(route.b, growing(route.b))];
  const ready = a.whole && b.whole;
  const found = useMemo(() => (ready && a.model && b.model ? compare(a.model, b.model) : null),
    [ready, a.revision, b.revision]);
  const problem = a.error ?? b.error;
  return html`
    <section class="comparison" aria-label="Two runs">
      <div class="bar"><a class="back" href=${toRuns()}>← Runs</a>
        <h2>${titleOf(a.run, route.a)} and ${titleOf(b.run, route.b)}</h2></div>
      ${problem && html`<p class="banner bad" role="alert">The runs cannot be compared: ${problem}</p>`}
      ${!found && !problem && html`<p class="empty" role="status">Reading both runs …</p>`}
      ${found && [a, b].map(({ model, run }, i) => [model ? missingFrom(model, run) : '', 'AB'[i]])
        .filter(([missing]) => missing).map(([missing, name]) => html`<p class="banner"
          role="alert">Of ${name}, ${missing} are missing from the record: a
          difference can be one of the records, and not of the runs.</p>`)}
      ${found && html`<${Said} found=${found} a=${a} b=${b} />
        <${Pair} found=${found} a=${a} b=${b}
          names=${[nameOf('A', a.run, route.a), nameOf('B', b.run, route.b)]} />`}
    </section>`;
}

/** @param {string} id @param {unknown} version @returns {ComparedRun} */
function useOne(id, version) {
  const run = useLoaded((signal) => getRun(signal, id), id, 0);
  const running = useModel(version, { run: id });
  return { ...running, id, run: run.value, error: run.error ?? running.error };
}

/** @param {Run | null} run @param {string} id */
const titleOf = (run, id) => run?.experiment?.name ?? id;

/** @param {string} letter @param {Run | null} run @param {string} id */
function nameOf(letter, run, id) {
  return html`<b>${letter}</b> <a href=${toRun(id)}>${titleOf(run, id)}</a>${run && html`
    <span class="note">${' '}${plural(run.peers ?? 0, 'peer')}, seed ${run.seed}, ${run.verdict?.status}</span>`}
    <span class="note"> ${id}</span>`;
}

/** @param {{ found: RunDifference, a: ReadRun, b: ReadRun }} props */
function Said({ found: { parts, first, alone }, a, b }) {
  const [all, setAll] = useState(false);
  const apart = parts.filter(({ what }) => what.length > 0);
  const steps = `${plural(a.model.step.count, 'step')} and ${plural(b.model.step.count, 'step')}`;
  if (!first) {
    return html`<div class="said" role="status"><p><b>${parts.length
      ? `Both runs took the same steps, with the same states: ${steps}, peer by peer and in the same order.`
      : 'Neither run has steps to compare.'}</b></p></div>`;
  }
  return html`
    <div class="said" role="status">
      <p><b>They part at ${first.peer}, in its ${ordinal(first.same + 1)} step.</b> ${
        before(first.same)}${apart.length === parts.length ? 'Every peer parts somewhere'
          : `${parts.length - apart.length} of ${plural(parts.length, 'peer')} did the same in both`
        }; what comes later can be a consequence of this. The runs have ${steps}.${
        alone.map((peers, i) => peers.length > 0
          && ` ${plural(peers.length, 'peer')} ${peers.length === 1 ? 'is' : 'are'} in ${'AB'[i]} alone.`)}</p>
      <div class="first">
        <table><thead><tr><th scope="col">What</th><th scope="col">In A</th><th scope="col">In B</th></tr></thead>
          <tbody>${first.what.map(([name, x, y]) => html`
            <tr><th scope="row">${name}</th>${[x, y].map((value) => html`
              <td class="differs">${value || 'nothing'}</td>`)}</tr>`)}</tbody>
        </table>
        <${States} first=${first} a=${a} b=${b} />
      </div>
      <p><button type="button" class="link" aria-expanded=${all} onClick=${() => setAll(!all)}>${
        all ? 'Less' : 'Where each peer parts'}</button></p>
      ${all && html`<table>
        <thead><tr>${['Peer', 'The same', 'Then', 'In A', 'In B'].map((name) => html`
          <th scope="col">${name}</th>`)}</tr></thead>
        <tbody>${parts.map(({ peer, same, what }) => html`
          <tr><th scope="row">${peer}</th><td>${plural(same, 'step')}</td>
            <td>${what.length ? what[0][0] : 'all'}</td><td>${what[0]?.[1]}</td><td>${what[0]?.[2]}</td></tr>`)}</tbody>
      </table>`}
    </div>`;
}

/** @param {number} same */
function before(same) {
  if (same === 0) return '';
  return same === 1 ? 'Its first step is the same. ' : `Its first ${count(same)} steps are the same. `;
}

/** @param {number} n */
function ordinal(n) {
  const last = n % 100 > 10 && n % 100 < 14 ? 0 : n % 10;
  return `${count(n)}${['th', 'st', 'nd', 'rd'][last] ?? 'th'}`;
}
