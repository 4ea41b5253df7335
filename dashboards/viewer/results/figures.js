// Counts beside theory: a table with bars, and the curve of theory.

import { html } from '../vendor/preact-htm.js';
import { getRun, getRuns, useLoaded } from '../api.js';
import { count, plural } from '../format.js';
import { Wide } from '../wide-table.js';
import { Plot, axis } from './plot.js';
import { comparable, curvesOf } from './theory.js';

// Other runs of the folder that are read for the curve: the newest ones.
const OTHERS = 24;

/** @param {{ run: MeasuredRun }} props */
export function Figures({ run }) {
  /** @type {Figure[]} */
  const figures = run.results.figures ?? [];
  if (!figures.length) return null;
  return html`
    <section aria-labelledby="figures">
      <h3 id="figures">Figures beside theory</h3>
      <${Wide} label="Figures beside theory"><table>
        <thead><tr><th scope="col">Figure</th><th scope="col">Measured</th><th scope="col">Theory</th>
          <th scope="col"><span class="unseen">Drawn</span></th><th scope="col">How theory says it</th></tr></thead>
        <tbody>${figures.map((figure) => html`<${Figure} figure=${figure} />`)}</tbody>
      </table><//>
      <${Curves} run=${run} figures=${figures} />
    </section>`;
}

/** @param {{ figure: Figure }} props */
function Figure({ figure: { name, measured, theory, formula } }) {
  const known = theory !== null && theory !== undefined;
  const most = Math.max(measured, known ? theory : 0, 1);
  /** @param {number} number */
  const part = (number) => `${(number / most) * 100}%`;
  const same = known && measured === theory;
  return html`
    <tr>
      <th scope="row">${name}</th>
      <td class="figure">${count(measured)}</td>
      <td class="figure">${known ? count(theory) : '–'}${known && html`
        <span class=${same ? 'good' : 'warn'}>${same ? ' the same' : ` ${measured > theory ? '+' : '−'}${
          count(Math.abs(measured - theory))}`}</span>`}</td>
      <td class="gauge" aria-hidden="true">${known && html`
        <span class="measured" style=${{ width: part(measured) }}></span>
        <span class="theory" style=${{ left: part(theory) }} title=${`theory: ${count(theory)}`}></span>`}</td>
      <td>${formula}</td>
    </tr>`;
}

/** @param {{ run: MeasuredRun, figures: Figure[] }} props */
function Curves({ run, figures }) {
  const drawn = figures.flatMap((figure) => {
    const curves = curvesOf(run, figure);
    return curves ? [{ figure, curves }] : [];
  });
  const others = useOthers(drawn.length > 0 ? run : null);
  return drawn.map(({ figure, curves }) => html`
    <${Curve} key=${figure.name} run=${run} figure=${figure} curves=${curves} others=${others} />`);
}

// Other runs of the same experiment, with any number of peers.
/** @param {MeasuredRun | null} run */
function useOthers(run) {
  /** @param {AbortSignal} signal */
  const load = async (signal) => {
    if (!run) return [];
    const { runs } = await getRuns(signal);
    const kin = runs.filter(({ id, experiment }) => id !== run.id
      && (experiment?.name ?? experiment) === run.experiment.name);
    const read = kin.slice(0, OTHERS).map(({ id }) => getRun(signal, id).catch(() => null));
    const others = (await Promise.all(read)).filter((other) => other?.results?.figures);
    return /** @type {MeasuredRun[]} */ (others);
  };
  return useLoaded(load, run?.id ?? '', 0).value ?? [];
}

/** @param {{ run: MeasuredRun, figure: Figure, curves: Curve[], others: MeasuredRun[] }} props */
function Curve({ run, figure, curves, others }) {
  const points = [[run.peers, figure.measured], ...others
    .filter(({ topology }) => topology === run.topology)
    .flatMap((other) => /** @type {Figure[]} */ (other.results.figures)
      .filter((one) => one.name === figure.name && comparable(curves, other, one))
      .map((one) => [other.peers, one.measured]))];
  const data = dataOf(points, curves);
  /** @type {Chart['make']} */
  const make = (theme) => ({
    scales: { x: { time: false } },
    axes: [axis(theme, { label: 'peers' }), axis(theme, { label: figure.name, size: 62 })],
    series: [
      { label: 'peers' },
      ...curves.map(([name], i) => ({ label: name, stroke: theme.lines[i],
        width: 2, dash: [[], [8, 4], [2, 4]][i], points: { show: false } })),
      { label: 'this run', stroke: theme.link, paths: () => null,
        points: { show: true, size: 11, fill: theme.link, stroke: theme.text } },
      { label: 'other runs', show: points.length > 1, stroke: theme.text, paths: () => null,
        points: { show: true, size: 7, fill: theme.soft, stroke: theme.text } },
    ],
  });
  return html`
    <${Plot} title=${figure.name} chart=${{ key: JSON.stringify([run.id, figure, points]), make, data }}
      spoken=${`${figure.name}: ${count(figure.measured)} with ${plural(run.peers, 'peer')}, beside the curve of theory`}>
      <p class="note">This run beside what theory says for other numbers of peers.${points.length > 1
        && ` ${plural(points.length - 1, 'other run')} of this folder did the same on the same topology.`}</p>
    <//>`;
}

// uPlot wants one row of numbers of peers for all series. Where several runs
// had as many peers, each has a column of its own.
/** @param {number[][]} points @param {Curve[]} curves */
function dataOf(points, curves) {
  const most = Math.max(4, ...points.map(([peers]) => peers)) * 1.25;
  const even = Array.from({ length: Math.ceil(most) }, (_, i) => i + 1);
  const [mine, ...rest] = points;
  const x = [...even.filter((n) => !points.some(([peers]) => peers === n)), ...points.map(([peers]) => peers)]
    .sort((a, b) => a - b);
  const left = rest.toSorted((a, b) => a[0] - b[0]);
  let own = false;
  /** @type {Record<'ours' | 'theirs', (number | null)[]>} */
  const { ours, theirs } = { ours: [], theirs: [] };
  for (const n of x) {
    /** @type {boolean} */
    const isMine = !own && n === mine[0];
    own ||= isMine;
    ours.push(isMine ? mine[1] : null);
    theirs.push(!isMine && left[0]?.[0] === n ? Number(left.shift()?.[1]) : null);
  }
  return [x, ...curves.map(([, of]) => x.map(of)), ours, theirs];
}
