// Lookups in Kademlia: their hops beside theory, their times, and the
// oracle's verdict.

import { html, useMemo } from '../vendor/preact-htm.js';
import { count, duration, plural } from '../format.js';
import { besideEachOther, drawnOf, hopsByKind, lookupsOf, rightOf } from './lookups.js';
import { drawCrosses, drawLines } from './plot-overlays.js';
import {
  LOGARITHMIC, Plot, aPercent, aTime, asNumbers, asPercents, asTimes, axis, bars, below, points,
} from './plot.js';

/** @param {{ run: MeasuredRun, csv: string }} props */
export function KadResults({ run, csv }) {
  const lookups = useMemo(() => lookupsOf(csv), [csv]);
  const kinds = Object.keys(run.results.kinds ?? {});
  return html`
    <${Oracle} results=${run.results} operations=${lookups?.operations ?? []} />
    ${lookups && html`
      ${lookups.one > 1 && html`<p class="note">One in ${count(lookups.one)} operations is drawn below.</p>`}
      <${Hops} run=${run} operations=${lookups.operations} kinds=${kinds} csv=${csv} />
      <${Times} operations=${lookups.operations} kinds=${kinds} csv=${csv} />`}`;
}

/** @param {{ results: Results, operations: Lookup[] }} props */
function Oracle({ results: { exact = 0, not_exact: wrong = 0 }, operations }) {
  const all = exact + wrong;
  const right = useMemo(() => rightOf(operations), [operations]);
  if (!all) return null;
  return html`
    <section aria-labelledby="oracle">
      <h3 id="oracle">Oracle: <span class=${`badge ${wrong ? 'fail' : 'pass'}`}>${wrong ? 'violated' : 'holds'}</span></h3>
      <p>${count(exact)} of ${count(all)} find came to exactly the closest peers that there are.</p>
      ${right.length > 0 && html`<ul>${right.map(([good, of, n]) => html`
        <li class=${good < of ? 'bad' : ''}>${count(n)} found ${count(good)} of the ${count(of)} closest</li>`)}</ul>`}
    </section>`;
}

/** @param {{ run: MeasuredRun, operations: Lookup[], kinds: string[], csv: string }} props */
function Hops({ run: { id, peers, results }, operations, kinds, csv }) {
  const counts = useMemo(() => hopsByKind(operations, kinds), [operations]);
  if (!counts.length) return null;
  const theory = results.log2_peers;
  const last = Math.max(counts[0][1].length - 1, Math.ceil(theory));
  const whole = Array.from({ length: last + 1 }, (_, hops) => hops);
  /** @type {Chart['make']} */
  const make = (theme) => ({
    scales: {
      x: { time: false, range: [-0.6, last + 0.6] },
      y: { range: (_, __, high) => [0, Math.min(104, high * 1.15)] },
    },
    axes: [
      below(theme, { label: 'hops', splits: () => whole, values: asNumbers }),
      axis(theme, { label: 'share of its kind', values: asPercents, size: 64 }),
    ],
    series: [
      { label: 'hops', value: (_, x) => (x === null || x === undefined ? '–' : String(Math.round(x))) },
      ...counts.map(([kind], i) => ({ label: kind, fill: theme.lines[i], stroke: theme.lines[i], width: 0,
        paths: bars({ size: [0.9, 60] }), points: { show: false }, value: aPercent })),
    ],
    hooks: { draw: [(plot) => drawLines(plot, [{ x: theory, name: `log2 n = ${theory.toFixed(1)}` }], theme)] },
  });
  const rows = whole.map((hops) => [hops, ...counts.map(([, all]) => count(all[hops] ?? 0))]);
  return html`
    <${Plot} title="Hops" chart=${{ key: `${id} ${csv.length}`, make, data: besideEachOther(counts) }}
      spoken=${`How many hops lookups took, beside log2 n = ${theory.toFixed(1)}`}
      numbers=${{ head: ['Hops', ...counts.map(([kind]) => kind)], rows }}>
      <p class="note">How many hops the operations that succeeded took, in percent of each kind. Theory, the dashed line:
        each hop halves the distance at worst, so a lookup among n = ${count(peers)} peers takes
        log2 n = ${theory.toFixed(1)} hops. Nothing is fitted.</p>
    <//>`;
}

/** @param {{ operations: Lookup[], kinds: string[], csv: string }} props */
function Times({ operations, kinds, csv }) {
  const { one, drawn } = useMemo(() => drawnOf(operations), [operations]);
  const failed = operations.filter((operation) => operation.failed);
  /** @param {Lookup} operation */
  const y = (operation) => Math.max(1, operation.after);
  const crosses = drawn.filter((operation) => operation.failed)
    .map((operation) => [operation.at, y(operation)]);
  /** @type {Chart['make']} */
  const make = (theme) => ({
    scales: { x: { time: false }, y: { distr: LOGARITHMIC } },
    axes: [
      below(theme, { label: 'time since the first was to begin', values: asTimes, space: 70 }),
      axis(theme, { label: 'time until it ended', values: asTimes, size: 76 }),
    ],
    series: [
      { label: 'to begin after', value: aTime },
      ...kinds.map((kind, i) => ({ label: kind, stroke: theme.lines[i], value: aTime,
        ...points(drawn.length > 1000 ? 3 : 5, theme.lines[i]) })),
      { label: 'failed', stroke: theme.bad, value: aTime, ...points(1, theme.bad) },
    ],
    hooks: { draw: [(plot) => drawCrosses(plot, crosses, theme.bad)] },
  });
  /** @param {(operation: Lookup) => unknown} wanted */
  const of = (wanted) => drawn.map((operation) => (wanted(operation) ? y(operation) : null));
  const data = [drawn.map(({ at }) => at),
    ...kinds.map((kind) => of((operation) => operation.kind === kind && !operation.failed)),
    of((operation) => operation.failed)];
  return html`
    <${Plot} title="One after the other" chart=${{ key: csv, make, data }} numbers=${failuresOf(failed)}
      spoken=${`${plural(operations.length, 'operation')} one after the other, ${count(failed.length)} of them failed`}>
      <p class="note">When each operation was to begin, and how long after that it ended.${one > 1
        && ` Of those that succeeded one in ${count(one)} is drawn.`}${failed.length > 0
        && html` <b class="bad">Crosses are the ${count(failed.length)} that failed.</b>`}</p>
    <//>`;
}

// More failures are in results.csv.
const MOST_LISTED = 20;

/** @param {Lookup[]} failed */
function failuresOf(failed) {
  if (!failed.length) return null;
  const rows = failed.slice(0, MOST_LISTED)
    .map(({ at, kind, after, failed: why }) => [duration(at), kind, duration(after), why]);
  return { head: ['Failed, to begin after', 'Kind', 'Took', 'Why'], rows };
}
