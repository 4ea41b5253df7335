// What was sampled while messages of gossip were sent: bytes a second, the peers in a mesh,
// and scores.

import { html } from '../vendor/preact-htm.js';
import { bytes, count, plural } from '../format.js';
import { drawLines } from './plot-overlays.js';
import { Plot, asNumbers, axis, below } from './plot.js';

/** @param {number} value */
const aSecond = (value) => `${bytes(value)}/s`;
/** @param {number} value */
const rounded = (value) => String(Number(value.toFixed(2)));

// More faults would be a grey surface. A guess.
const MOST_MARKS = 20;
const MOST_NAMES = 6;

/** @param {{ run: MeasuredRun }} props */
export function OverTime({ run }) {
  const { traffic = {}, standing = {} } = run.results;
  const marks = marksOf(run);
  return html`
    <${Bytes} id=${run.id} samples=${traffic.over_time ?? []} marks=${marks} />
    <${Standing} id=${run.id} standing=${standing} marks=${marks} />`;
}

// When faults struck: lines on the axis of time.
/** @param {MeasuredRun} run @returns {TimeMark[]} */
function marksOf({ results }) {
  /** @type {{ name: string, at_seconds: number, runs: number }[]} */
  const planned = results.faults ?? [];
  const struck = planned.filter((fault) => fault.runs > 0);
  const named = struck.length <= MOST_NAMES;
  return struck.slice(0, MOST_MARKS).map(({ name, at_seconds: x }) => ({ x, name: named ? name : '' }));
}

/** @param {{ id: string | undefined, samples: Record<string, any>[], marks: TimeMark[] }} props */
function Bytes({ id, samples, marks }) {
  if (samples.length < 2) return null;
  const times = samples.map((sample) => sample.to_seconds);
  return html`${[['received_bytes', 'Bytes that a peer received'], ['sent_bytes', 'Bytes that a peer sent']].map(
    ([name, title]) => {
      const rows = samples.map((sample) => {
        const seconds = sample.to_seconds - sample.from_seconds || 1;
        return rates(sample[name], seconds);
      });
      return html`<${Bands} key=${name} id=${`${id} ${name}`} title=${title} times=${times} marks=${marks}
        groups=${[{ label: '', line: 0, rows }]} write=${aSecond}>
        <p class="note">Of gossipsub, in each second between two of ${plural(samples.length + 1, 'look')}. The band reaches
          from the peer at 5 % to the one at 95 %.</p><//>`;
    })}`;
}

/** @param {Record<string, number>} of @param {number} seconds */
const rates = (of, seconds) => Object.fromEntries(
  ['p5', 'p50', 'p95', 'p99'].map((name) => [name, of[name] / seconds]));

/** @param {{ id: string | undefined, standing: Record<string, any>, marks: TimeMark[] }} props */
function Standing({ id, standing: { samples = [], attackers, scoring }, marks }) {
  if (samples.length < 2) return null;
  /** @type {number[]} */
  const times = samples.map((/** @type {any} */ sample) => sample.at_seconds);
  const groups = ['honest', ...(attackers ? ['attackers'] : [])].map((label, line) => (
    { label, line, rows: samples.map((/** @type {any} */ sample) => sample[label]) }));
  return html`
    ${scoring && html`<${Bands} id=${`${id} scores`} title="Scores" times=${times} marks=${marks}
      groups=${groups} write=${rounded}>
      <p class="note">What honest peers think of their neighbours: each pair has a score. The band reaches from the score at
        5 % to the one at 95 %. A neighbour below 0 leaves the mesh.</p><//>`}
    ${attackers && html`<${Meshes} id=${id} times=${times} samples=${samples} attackers=${attackers} marks=${marks} />`}`;
}

/**
 * @param {{
 *   id: string | undefined, times: number[], samples: any[], attackers: any, marks: TimeMark[],
 * }} props
 */
function Meshes({ id, times, samples, attackers, marks }) {
  const columns = ['mesh_honest', 'mesh_attackers'].map((name) => samples.map((sample) => sample[name]));
  /** @type {Chart['make']} */
  const make = (theme) => ({
    ...overTime(theme, marks, { label: 'peers in a mesh', values: asNumbers, size: 56 }),
    series: [
      { label: 'second' },
      { label: 'honest peers', stroke: theme.lines[0], width: 2 },
      { label: 'attackers', stroke: theme.lines[1], width: 2, dash: [8, 4] },
    ],
  });
  const last = columns.map((column) => rounded(column.at(-1)));
  return html`
    <${Plot} title="Who is in a mesh" chart=${{ key: `${id} meshes`, make, data: [times, ...columns] }}
      spoken=${`At the end a mesh had ${last[0]} honest peers and ${last[1]} attackers on average`}
      numbers=${{ head: ['Second', 'Honest peers', 'Attackers'],
        rows: times.map((time, i) => [rounded(time), ...columns.map((column) => rounded(column[i]))]) }}>
      <p class="note">On average over the meshes of honest peers, with ${plural(attackers.peers, 'attacker')}
        ${' '}(${attackers.attack}).</p>
    <//>`;
}

// Lines of the middle, and a band around each. A group's rows may be null.
/**
 * @param {{
 *   id: string, title: string, times: number[], marks: TimeMark[], write: (value: number) => string,
 *   groups: { label: string, line: number, rows: (Record<string, number> | null)[] }[], children?: any,
 * }} props
 */
function Bands({ id, title, times, groups, marks, write, children }) {
  const has99 = groups.some(({ rows }) => rows.some((row) => row?.p99 !== undefined));
  const names = ['p5', 'p50', 'p95', ...(has99 ? ['p99'] : [])];
  const columns = groups.flatMap(({ rows }) => names.map((name) => rows.map((row) => row?.[name] ?? null)));
  /** @param {unknown} _ @param {PlotValue} value */
  const say = (_, value) => (value === null || value === undefined ? '–' : write(value));
  /** @param {unknown} _ @param {(number | null)[]} all */
  const values = (_, all) => all.map((value) => (value === null ? null : write(value)));
  /** @type {Chart['make']} */
  const make = (theme) => ({
    ...overTime(theme, marks, { values, size: 84 }),
    series: [
      { label: 'second' },
      ...groups.flatMap(({ label, line }) => names.map((name) => ({
        label: `${label} ${name}`.trim(), stroke: theme.lines[line], value: say, points: { show: false },
        width: name === 'p50' ? 2 : 1, dash: name === 'p99' ? [2, 3] : [[], [8, 4]][line],
      }))),
    ],
    bands: groups.map(({ line }, i) => ({
      series: [i * names.length + 3, i * names.length + 1], fill: `color-mix(in srgb, ${theme.lines[line]} 18%, transparent)`,
    })),
  });
  const last = groups.map(({ label, rows }) => {
    const row = rows.at(-1);
    return row ? `${label} p50 ${write(row.p50)}, p95 ${write(row.p95)}`.trim() : `${label} none`;
  });
  return html`
    <${Plot} title=${title} chart=${{ key: id, make, data: [times, ...columns] }}
      spoken=${`${title} over ${count(times.length)} times; at the end ${last.join('; ')}`}
      numbers=${{
        head: ['Second', ...groups.flatMap(({ label }) => names.map((name) => `${label} ${name}`.trim()))],
        rows: times.map((time, i) => [rounded(time), ...columns.map((column) => {
          const value = column[i];
          return value === null ? '–' : write(value);
        })]),
      }}>${children}<//>`;
}

// A plot over seconds, with the faults as lines.
/**
 * @param {Theme} theme
 * @param {TimeMark[]} marks
 * @param {Record<string, any>} left
 */
const overTime = (theme, marks, left) => ({
  scales: { x: { time: false } },
  axes: [below(theme, { label: 'seconds since the first message', values: asNumbers }), axis(theme, left)],
  hooks: { draw: [(/** @type {UPlot} */ plot) => drawLines(plot, marks, theme)] },
});
