// The load of the host during the run, and whether it was saturated.

import { html, useMemo } from '../vendor/preact-htm.js';
import { bytes, count, duration, plural } from '../format.js';
import { drawLines, shade } from './plot-overlays.js';
import { Plot, axis, below, inPercent } from './plot.js';
import { measuredSpans, samplesOf, saturatedSeconds, thinned } from './host-samples.js';

// What happened, by the kind of a pause.
/** @type {Record<string, string>} */
const PAUSES = {
  stopped: 'the process stood still for',
  suspended: 'the machine was suspended for',
  clock_set: 'the wall clock was set by',
};

/** @param {number} seconds */
const lagging = (seconds) => duration(seconds * 1e9);
/** @param {number} number */
const aSecond = (number) => `${bytes(number)}/s`;

// Round numbers of bytes, for an axis.
const POWERS = Array.from({ length: 50 }, (_, power) => 2 ** power);

// The title, the columns with their labels, the format of a value, and the index of the
// bound that is the limit.
/** @type {HostPlot[]} */
const PLOTS = [
  ['Processors', [['cpu', 'all programs'], ['own', 'this run']], inPercent, 0, [0, 104]],
  ['Lateness of tasks', [['lag', 'woken late by']], lagging, 1],
  ['Memory', [['memory', 'memory of this run']], bytes],
  ['Loopback', [['loopback', 'bytes a second, all programs']], aSecond],
];

/** @param {{ run: Run, text: string }} props */
export function Host({ run, text }) {
  const all = useMemo(() => samplesOf(text), [text]);
  const bounds = run.host_use?.bounds;
  const marks = useMemo(() => ({
    spans: measuredSpans(all),
    saturated: bounds ? saturatedSeconds(all, bounds) : [],
    pauses: (run.host_use?.pauses ?? [])
      .map((/** @type {Record<string, number>} */ { second, seconds }) => [second, second + seconds]),
  }), [all, run.host_use]);
  const { of, samples } = useMemo(() => thinned(all), [all]);
  if (!samples.length) return null;
  const saturated = run.host_use?.saturated;
  return html`
    <section aria-labelledby="host-use">
      <h3 id="host-use">Host${saturated && html`: <span class="badge fail">saturated</span>`}</h3>
      ${saturated && html`<p class="bad">From second ${saturated.from_second} on the host was saturated, so times are the host's and not the network's:
        ${' '}${count(saturated.seconds)} of ${plural(saturated.of, 'second')} were saturated; processors
        ${' '}${Math.round(saturated.cpu_percent)} % busy, ${Math.round(saturated.own_cpu_percent)} % by this run; tasks
        ${' '}${lagging(saturated.lag_seconds)} late.</p>`}
      <${Pauses} pauses=${run.host_use?.pauses ?? []} />
      <p class="note">What the machine did over the run's seconds.${marks.spans.length > 0
        && ' Shaded: while something was measured.'}${marks.saturated.length + marks.pauses.length > 0
        && ' Red: while the host was saturated, or the process stood still.'}${bounds
        && ` Dashed: where saturation begins (${bounds[0]} % busy, or tasks ${lagging(bounds[1])} late).`}${of > 1
        && ` Each point is the greatest of ${of} looks.`}</p>
    </section>
    <div class="plots">${PLOTS.map((plot) => html`
      <${OfHost} key=${plot[0]} plot=${plot} samples=${samples} marks=${marks} bounds=${bounds}
        what=${text} />`)}</div>`;
}

/** @param {{ pauses: any[] }} props */
function Pauses({ pauses }) {
  if (!pauses.length) return null;
  const sentences = pauses.map(({ kind, seconds, second }) => `${PAUSES[kind]} ${lagging(seconds)} at second ${second}`);
  return html`<p class="bad">In this run ${sentences.slice(0, 5).join('; ')}${pauses.length > 5
    && `; and ${count(pauses.length - 5)} more times`}. Times that were measured then are its times, and not the network's.</p>`;
}

/**
 * @param {{
 *   plot: HostPlot, samples: HostSample[], marks: HostMarks, bounds: number[] | undefined,
 *   what: string,
 * }} props
 */
function OfHost({ plot: [title, lines, write, bound, range], samples, marks, bounds, what }) {
  const limit = bound === undefined ? undefined : bounds?.[bound];
  const known = lines.map(([name, label]) => ({ label, values: samples.map((sample) => sample[name]) }))
    .filter(({ values }) => values.some((value) => !Number.isNaN(value)));
  if (!known.length) return null;
  /** @param {unknown} _ @param {PlotValue} value */
  const say = (_, value) => (value === null || value === undefined ? '–' : write(value));
  /** @type {(plot: unknown, low: number, high: number) => [number, number]} */
  const reach = (_, __, high) => [0, Math.max(high, limit ?? 0) * 1.08 || 1];
  /** @param {unknown} _ @param {(number | null)[]} all */
  const written = (_, all) => all.map((value) => (value === null ? null : write(value)));
  /** @type {Chart['make']} */
  const make = (theme) => ({
    height: 200,
    scales: { x: { time: false }, y: { range: range ?? reach } },
    axes: [
      below(theme, { label: "the run's seconds", space: 50 }),
      axis(theme, { label: title, values: written, size: 80,
        ...(bound === undefined ? { incrs: POWERS } : {}) }),
    ],
    series: [
      { label: 'second', value: (_, value) => value?.toFixed(1) ?? '–' },
      ...known.map(({ label }, i) => ({ label, stroke: theme.lines[i], width: 2, dash: [[], [6, 3]][i],
        points: { show: samples.length < 20 }, value: say })),
    ],
    hooks: {
      drawClear: [(plot) => {
        shade(plot, marks.spans, theme.link, 0.1);
        shade(plot, marks.saturated.map((second) => [second, second + 1]), theme.bad, 0.28);
        shade(plot, marks.pauses, theme.bad, 0.28);
      }],
      draw: [(plot) => {
        if (limit === undefined) return;
        drawLines(plot, [{ y: limit, name: `limit ${write(limit)}`, colour: theme.bad }], theme);
      }],
    },
  });
  /** @param {number} value */
  const nothing = (value) => (Number.isNaN(value) ? null : value);
  const data = [samples.map(({ seconds }) => seconds), ...known.map(({ values }) => values.map(nothing))];
  /** @param {number | null} value */
  const orDash = (value) => (value === null ? '–' : write(value));
  const rows = known.map(({ label, values }) => [label, ...middleAndMost(values, samples).map(orDash)]);
  return html`
    <${Plot} title=${title} chart=${{ key: what, make, data }} level="4"
      spoken=${`${title} over ${plural(samples.length, 'look')}: ${
        rows.map(([label, middle, most]) => `${label}, ${middle} in the median, ${most} at most`).join('; ')}`}
      numbers=${{ head: ['What', 'Median', 'Most', 'Median while measuring', 'Most while measuring'], rows }} />`;
}

/** @param {number[]} values @param {HostSample[]} samples */
function middleAndMost(values, samples) {
  /** @param {number[]} some */
  const of = (some) => {
    const sorted = some.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
    return [sorted[Math.floor(sorted.length / 2)] ?? null, sorted.at(-1) ?? null];
  };
  return [...of(values), ...of(values.filter((_, i) => samples[i].measuring))];
}
