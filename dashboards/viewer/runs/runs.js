// The runs of the folder, and this one among them: command, verdict, lost spans.

import { html, useState } from '../vendor/preact-htm.js';
import { getRuns, getSummaries, isReport, pageRun, toRun, useLoaded } from '../api.js';
import { toCompareRuns } from '../router.js';
import { count, duration, isoTime, plain, plural } from '../format.js';
import { withoutParent } from '../run-header.js';
import { allOptions } from '../run-options.js';
import { Wide } from '../wide-table.js';

/** @param {{ run: Run | null, event: ServerEvent | null }} props */
export function Runs({ run, event }) {
  const { value, error } = useLoaded(getRuns, 'runs', `${event?.run} ${event?.live}`, 2000);
  const [chosen, setChosen] = useState(/** @type {string[]} */ ([]));
  /** @param {string} id @param {boolean} on */
  const choose = (id, on) =>
    setChosen((last) => [...last.filter((other) => other !== id), ...(on ? [id] : [])].slice(-2));
  const runs = value?.runs ?? [];
  return html`
    <section class="runs" aria-label="Runs">
      ${run && html`<${ThisRun} run=${run} event=${event} />`}
      <div class="bar">
        <h3>Runs in this folder</h3>
        <span class="note" role="status">${value && plural(runs.length, 'run')}</span>
        <${Compare} chosen=${chosen} runs=${runs} />
      </div>
      <${LostAnywhere} runs=${runs} />
      ${error && html`<p class=${isReport ? 'empty' : 'banner bad'} role="alert">${isReport
        ? 'A report knows its own run alone. `testbed view` with the folder shows all runs of it.'
        : `The runs cannot be read: ${error}`}</p>`}
      ${value && runs.length > 0 && html`<${Table} runs=${runs} current=${value.current} chosen=${chosen}
        choose=${choose} />`}
    </section>`;
}

/** @param {{ run: Run, event: ServerEvent | null }} props */
function ThisRun({ run, event }) {
  const { experiment = {}, verdict = {}, spans = {} } = run;
  const running = event?.live && verdict.status === 'unknown';
  const orphans = useOrphans(event);
  return html`
    <h3>This run</h3>
    <${Orphans} orphans=${running ? 0 : orphans} />
    <dl class="pairs">
      ${[
        ['experiment', experiment.name],
        ...allOptions(run),
        ['peers', run.peers !== undefined && count(run.peers)],
        ['topology', run.topology], ['transport', run.transport],
        ['connections', run.connections !== undefined && count(run.connections)],
        ['seed', run.seed],
        ['began', run.started],
        ['took', run.seconds ? duration(run.seconds * 1e9) : null],
        ['verdict', running ? 'it goes on'
          : [verdict.status, verdict.reasons?.join('; ')].filter(Boolean).join(': ')],
        ['spans', spans.started !== undefined && `${count(spans.started)} started, ${
          count(spans.stored)} stored, ${count(spans.lost)} lost`],
        ['command', run.command?.join(' ')],
        ['made with', run.versions && `testbed ${run.versions.testbed}, libp2p ${run.versions.libp2p}`],
        ['made on', run.host && `${run.host.os}, ${plural(run.host.cpus, 'processor')}`],
      ].filter(([, value]) => value !== undefined && value !== null && value !== false && value !== '')
        .map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}
    </dl>`;
}

// Spans whose parent is named and not there, among the traces that are listed.
/** @param {ServerEvent | null} event */
function useOrphans(event) {
  /** @param {AbortSignal} signal */
  const load = (signal) => getSummaries({}, signal)
    .then(({ summaries }) => summaries.reduce((sum, { orphanSpanCount }) => sum + orphanSpanCount, 0));
  return useLoaded(load, 'orphans', event?.live ? 0 : event?.revision, 2000).value ?? 0;
}

// Lost spans are reported above every view.
/** @param {{ orphans: number }} props */
function Orphans({ orphans }) {
  return orphans > 0 && html`<p class="banner bad" role="alert">${withoutParent(orphans)}</p>`;
}

/** @param {{ runs: RunSummary[] }} props */
function LostAnywhere({ runs }) {
  const lossy = runs.filter(({ spans }) => spans?.lost > 0).length;
  return lossy > 0 && html`<p class="banner bad" role="alert">${
    plural(lossy, 'run')} of this folder lost spans. They are marked.</p>`;
}

// The older one comes first, in whatever order they were chosen.
/** @param {{ chosen: string[], runs: RunSummary[] }} props */
function Compare({ chosen, runs }) {
  if (chosen.length === 0) return html`<span class="note">Choose two to compare them.</span>`;
  if (chosen.length === 1) return html`<span class="note">Choose one more to compare.</span>`;
  /** @param {string} id */
  const place = (id) => runs.findIndex((run) => run.id === id);
  const [a, b] = chosen.toSorted((x, y) => place(y) - place(x));
  return html`<a class="button" href=${toCompareRuns(a, b)}>Compare the two</a>`;
}

const HEADS = ['Compare', 'Run', 'Began', 'Peers', 'Command', 'Seed', 'Took', 'Verdict', 'Spans', 'Lost'];

/**
 * @param {{
 *   runs: RunSummary[], current: string, chosen: string[],
 *   choose: (id: string, on: boolean) => void,
 * }} props
 */
function Table({ runs, current, chosen, choose }) {
  return html`
    <${Wide} label="Runs"><table>
      <thead><tr>${HEADS.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
      <tbody>${runs.map((run) => html`
        <${Line} key=${run.id} run=${run} shown=${run.id === (pageRun || current)}
          address=${toRun(run.id === current ? '' : run.id)}
          chosen=${chosen.includes(run.id)} choose=${choose} />`)}</tbody>
    </table><//>`;
}

/**
 * @param {{
 *   run: RunSummary, shown: boolean, address: string, chosen: boolean,
 *   choose: (id: string, on: boolean) => void,
 * }} props
 */
function Line({ run, shown, address, chosen, choose }) {
  const { id, experiment, started, seconds, peers, seed, verdict, spans = {} } = run;
  // Without the program, which is the same in all.
  const command = (run.command ?? []).slice(1).join(' ');
  return html`
    <tr class=${shown ? 'shown' : ''} aria-current=${shown ? 'true' : undefined}>
      <td class="pick"><input type="checkbox" checked=${chosen} aria-label=${`Compare ${id}`}
        onChange=${(event) => choose(id, event.currentTarget.checked)} /></td>
      <th scope="row"><a href=${address}
        title=${id}>${experiment ?? id}</a>${shown && html` <span class="note">shown here</span>`}</th>
      <td><time title=${id}>${when(started)}</time></td>
      <td class="figure">${peers === undefined ? '–' : count(peers)}<span class="unit"> peers</span></td>
      <td class=${`command ${command ? '' : 'none'}`}><code>${command || '–'}</code></td>
      <td class="figure"><span class="unit">seed </span>${plain(seed)}</td>
      <td class="figure">${seconds ? duration(seconds * 1e9) : '–'}</td>
      <td>${verdict ? html`<${Verdict} run=${run} />` : '–'}</td>
      <td class="figure">${spans.stored === undefined ? '–' : count(spans.stored)}<span class="unit"> spans</span></td>
      <td class=${`figure ${spans.lost > 0 ? 'bad' : ''}`}>${spans.lost === undefined ? '–' : count(spans.lost)}
        <span class="unit"> lost</span></td>
    </tr>`;
}

// A run that saved no end goes on, or its process died.
/** @param {{ run: RunSummary }} props */
function Verdict({ run: { verdict, died, seconds } }) {
  if (died) return html`<span class="badge fail">died</span>`;
  if (verdict === 'unknown' && seconds === null) return html`<span class="badge live">running</span>`;
  return html`<span class=${`badge ${verdict}`}>${verdict}</span>`;
}

/** @param {string | undefined} started */
function when(started) {
  const ms = Date.parse(started ?? '');
  return Number.isNaN(ms) ? '–' : isoTime(BigInt(ms) * 1000000n).slice(0, 19).replace('T', ' ');
}
