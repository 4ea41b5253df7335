// What the experiment measured, and whether its properties hold.

import { html } from '../vendor/preact-htm.js';
import { getResults, useLoaded } from '../api.js';
import { bytes, count, duration, plural } from '../format.js';
import { Figures } from './figures.js';
import { GossipResults } from './gossip.js';
import { Host } from './host.js';
import { KadResults } from './kad.js';
import { LatencyResults } from './latency.js';
import { Measures } from './measures.js';
import { PingResults } from './ping.js';
import { Visitors } from './external-peers.js';
import { Wide } from '../wide-table.js';

/** @param {{ run: Run | null, event: ServerEvent | null }} props */
export function Results({ run, event }) {
  const results = run?.results;
  /** @param {AbortSignal} signal */
  const load = async (signal) => (results ? getResults(signal) : null);
  const { value: read, error } = useLoaded(load, `csv ${run?.id} ${!!results}`, `${event?.run} ${event?.live}`);
  if (!run) return html`<p class="empty" role="status">Reading the run …</p>`;
  const measured = results ? /** @type {MeasuredRun} */ (run) : null;
  return html`
    <section class="results" aria-label="Results">
      <${Verdict} run=${run} live=${event?.live} />
      ${!results && html`<p class="empty">${nothing(run, event?.live)}</p>`}
      ${error && html`<p class="banner" role="alert">The single measurements cannot be read: ${error}</p>`}
      ${results?.told?.length ? html`<${Summary} lines=${results.told} />` : ''}
      ${results?.measures && html`<${Measures} measures=${results.measures} />`}
      ${measured && html`<${Measured} run=${measured} csv=${read?.csv ?? ''} rest=${read?.csv_rest} />`}
      ${results?.properties && html`<${Properties} all=${results.properties} />`}
      ${results?.faults?.length ? html`<${Faults} id="faults" title="Planned faults" all=${results.faults} />` : ''}
      ${results?.faults_at_random?.length ? html`<${Faults} id="random-faults"
        title="Faults at random in the schedule that is shown here" all=${results.faults_at_random} />` : ''}
      ${measured?.results.figures && html`<${Figures} run=${measured} />`}
      ${results && html`<${Counts} results=${results} />`}
      ${read?.host && html`<${Rest} bytes=${read.host_rest} file="host.csv" />
        <${Host} run=${run} text=${read.host} />`}
      <${Visitors} run=${run} />
      <${Phases} phases=${run.phases ?? []} />
    </section>`;
}

// Spans alone, from a file or from other programs, have no results.
/** @param {Run} run @param {boolean | undefined} live */
function nothing({ verdict }, live) {
  if (!verdict) {
    return 'This record has spans alone: the measurements and the verdict of the run are not in it.';
  }
  return live ? 'The run goes on. Its measurements follow when it has ended.'
    : 'The run ended before anything was measured.';
}

// The single measurements, as each experiment has them. An experiment is recognised by
// the fields of its results.
/** @param {{ run: MeasuredRun, csv: string, rest: number | undefined }} props */
function Measured({ run, csv, rest }) {
  const { results } = run;
  return html`
    <${Rest} bytes=${rest} file="results.csv" />
    ${'answered' in results && html`<${PingResults} results=${results} csv=${csv} />`}
    ${'hops' in results && html`<${GossipResults} run=${run} csv=${csv} />`}
    ${'kinds' in results && html`<${KadResults} run=${run} csv=${csv} />`}
    ${'sizes' in results && html`<${LatencyResults} results=${results} csv=${csv} />`}`;
}

/** @param {{ bytes?: number, file: string }} props */
function Rest({ bytes: rest = 0, file }) {
  return rest > 0 && html`<p class="banner" role="status">What is drawn from ${file} is its first part;
    ${' '}${bytes(rest)} more are in the file.</p>`;
}

/** @type {Record<string, string>} */
const SAYS = {
  pass: 'All that was checked holds.',
  fail: 'Something that should hold does not.',
  unknown: 'It is not known whether the run was right.',
};

/** @param {{ run: Run, live: boolean | undefined }} props */
function Verdict({ run: { verdict }, live }) {
  if (!verdict) return null;
  const { status = 'unknown', reasons = [] } = verdict;
  if (live && status === 'unknown') return null;
  return html`
    <section aria-labelledby="verdict">
      <h3 id="verdict">Verdict: <span class=${`badge ${status}`}>${status}</span></h3>
      <p>${SAYS[status]}</p>
      ${reasons.length > 0 && html`<ul>${reasons.map((reason) => html`<li>${reason}</li>`)}</ul>`}
    </section>`;
}

/** @param {{ lines: string[] }} props */
function Summary({ lines }) {
  return html`
    <section aria-labelledby="told">
      <h3 id="told">In short</h3>
      <pre class="told" tabIndex="0">${lines.join('\n')}</pre>
    </section>`;
}

/** @param {{ all: Property[] }} props */
function Properties({ all }) {
  return html`
    <section aria-labelledby="properties">
      <h3 id="properties">What should hold</h3>
      <${Wide} label="What should hold"><table>
        <thead><tr><th scope="col">Property</th><th scope="col">Verdict</th><th scope="col">Checked</th></tr></thead>
        <tbody>${all.map((property) => html`<${Property} property=${property} />`)}</tbody>
      </table><//>
    </section>`;
}

// More violations of one property are seldom news.
const SHOWN = 10;

// The word and the colour of an outcome.
const OUTCOMES = {
  holds: ['holds', 'pass'],
  violated: ['violated', 'fail'],
  unknown: ['not known', 'unknown'],
  idle: ['nothing to check', 'idle'],
};

// Runs of earlier versions have no outcome.
/** @param {Property} property */
function outcomeOf({ outcome, checked, violations }) {
  if (outcome) return outcome;
  if (violations.length) return 'violated';
  return checked > 0 ? 'holds' : 'unknown';
}

/** @param {{ property: Property }} props */
function Property({ property }) {
  const { name, checked, violations, reason } = property;
  const [word, kind] = OUTCOMES[outcomeOf(property)] ?? OUTCOMES.unknown;
  return html`
    <tr>
      <th scope="row">${name}</th>
      <td><span class=${`badge ${kind}`}>${word}</span></td>
      <td class="figure">${count(checked)}</td>
    </tr>
    ${reason && html`<tr class="violations"><td colspan="3"><p class="note">${reason}</p></td></tr>`}
    ${violations.length > 0 && html`<tr class="violations"><td colspan="3">
      <ul>${violations.slice(0, SHOWN).map((one) => html`<li>${one}</li>`)}</ul>
      ${violations.length > SHOWN && html`<p class="note">and ${count(violations.length - SHOWN)} more</p>`}
    </td></tr>`}`;
}

// The counts of each engine, in words.
/** @type {[string, (value: any, results: Record<string, any>) => [string, string, boolean?]][]} */
const COUNTS = [
  ['ended', (n, { expected }) => [`operations that ended`, `${count(n)} of ${count(expected)}`, n < expected]],
  ['schedules', (n) => ['schedules tried', count(n)]],
  ['steps', (n) => ['steps of all schedules', count(n)]],
  ['first_schedule', (n) => ['first schedule', String(n)]],
  ['failed_schedule', (n) => ['first schedule that is wrong', n === null ? 'none' : String(n), n !== null]],
  ['endless_schedule',
    (n) => ['schedule that did not end within its limits', n === null ? 'none' : String(n), n !== null]],
  ['lost_at_random', (n) => ['messages lost at random, in all schedules', count(n)]],
  ['doubled_at_random', (n) => ['messages doubled at random, in all schedules', count(n)]],
  ['crashes_at_random', (n) => ['crashes at random, in all schedules', count(n)]],
  ['partitions_at_random', (n) => ['partitions at random, in all schedules', count(n)]],
  ['shrunk', ({ from, to }) => ['the schedule that is wrong was made smaller',
    from.steps === to.steps && from.peers === to.peers ? 'no'
      : `from ${plural(from.peers, 'peer')} and ${plural(from.messages, 'message')} to `
        + `${plural(to.peers, 'peer')} and ${plural(to.messages, 'message')}`]],
  ['recorded_schedule', (n) => ['schedule that is shown here', String(n)]],
  ['states', (n) => ['different states that were tried', count(n)]],
  ['depth', (n) => ['steps to the farthest of them', plural(n, 'step')]],
  ['complete_depth', (n) => ['every state was tried within', n === null ? 'none' : plural(n, 'step')]],
  ['states_per_second', (n) => ['states a second', count(n)]],
  ['drawn', (drawn) => ['random numbers tried', drawn ? 'not all' : 'all']],
  ['whole', (whole) => ['all states tried', whole ? 'yes' : 'no', !whole]],
  ['counterexample_steps',
    (n) => ['shortest run that is wrong', n === null ? 'none' : plural(n, 'step'), n !== null]],
];

/** @param {{ results: Results }} props */
function Counts({ results }) {
  const rows = COUNTS.filter(([name]) => results[name] !== undefined)
    .map(([name, inWords]) => inWords(results[name], results));
  if ('properties' in results && results.lost !== undefined) {
    rows.push(['messages that did not arrive, though no process was stopped', count(results.lost),
      results.lost > 0]);
  }
  if (!rows.length) return null;
  return html`
    <section aria-labelledby="counts">
      <h3 id="counts">Counts</h3>
      <dl class="pairs">${rows.map(([name, value, bad]) => html`
        <div class=${bad ? 'bad' : ''}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
    </section>`;
}

// Faults that were planned or drawn, and what came of them.
/** @param {{ id: string, title: string, all: any[] }} props */
function Faults({ id, title, all }) {
  return html`
    <section aria-labelledby=${id}>
      <h3 id=${id}>${title}</h3>
      <div class="wide"><table>
        <thead><tr><th scope="col">Fault</th><th scope="col">At</th><th scope="col">Happened</th><th scope="col">Stopped</th></tr></thead>
        <tbody>${all.map(({ name, at_seconds: at, runs, met }) => html`
          <tr><th scope="row">${name}</th><td class="figure">${duration(at * 1e9)}</td>
            <td>${happened(runs)}</td>
            <td class="figure">${met === null ? '' : plural(met, 'message, timer or command', 'messages, timers and commands')}</td></tr>`)}
        </tbody>
      </table></div>
    </section>`;
}

/** @param {number} runs */
function happened(runs) {
  if (runs === 0) return html`<span class="badge unknown">never</span>`;
  return runs === 1 ? 'yes' : `in ${count(runs)} schedules`;
}

/** @param {{ phases: { name: string, seconds: number }[] }} props */
function Phases({ phases }) {
  if (!phases.length) return null;
  const most = Math.max(...phases.map(({ seconds }) => seconds), 1e-9);
  return html`
    <section aria-labelledby="phases">
      <h3 id="phases">Phases</h3>
      <${Wide} label="Phases"><table>
        <thead><tr><th scope="col">Phase</th><th scope="col">Took</th><th scope="col"><span class="unseen">Drawn</span></th></tr></thead>
        <tbody>${phases.map(({ name, seconds }) => html`
          <tr><th scope="row">${name}</th><td class="figure">${duration(seconds * 1e9)}</td>
            <td class="gauge" aria-hidden="true"><span class="measured"
              style=${{ width: `${(seconds / most) * 100}%` }}></span></td></tr>`)}
        </tbody>
      </table><//>
    </section>`;
}
