// Messages between peers beside the same bytes over plain TCP.

import { html, useMemo } from '../vendor/preact-htm.js';
import { count, duration, measured, plural } from '../format.js';
import { cumulative, CURVES, timesOf } from './cumulative.js';
import { LOGARITHMIC, Plot, aPercent, aTime, asPercents, asTimes, axis, below, withRoom } from './plot.js';
import { round } from './roundtrips.js';

/** @param {{ results: Results, csv: string }} props */
export function LatencyResults({ results, csv }) {
  const times = useMemo(() => timesOf(csv), [csv]);
  if (!times) return null;
  return html`
    ${times.one > 1 && html`<p class="note">One in ${count(times.one)} messages is in the curves below.</p>`}
    <div class="plots">${times.sizes.map(([bytes, paths]) => html`
      <${Distribution} key=${bytes} bytes=${bytes} paths=${paths} csv=${csv}
        size=${results.sizes?.find((/** @type {any} */ size) => size.size_bytes === bytes)} />`)}</div>`;
}

/** @param {{ bytes: number, paths: Paths, csv: string, size: any }} props */
function Distribution({ bytes, paths, csv, size }) {
  const data = useMemo(() => cumulative(paths), [paths]);
  const name = plural(bytes, 'byte');
  if (!data) return html`<p class="note">No message of ${name} was answered.</p>`;
  const [times] = data;
  const [from, to] = [Number(times[0]), Number(times[times.length - 1])];
  /** @type {Chart['make']} */
  const make = (theme) => ({
    scales: {
      x: { time: false, distr: LOGARITHMIC, range: [from / 1.05, to * 1.05] },
      y: { range: [0, 104] },
    },
    axes: [
      below(theme, { label: 'time', values: asTimes, space: 70, splits: () => round(from, to),
        filter: withRoom }),
      axis(theme, { label: 'messages', values: asPercents, size: 64 }),
    ],
    series: [
      { label: 'within', value: aTime },
      ...CURVES.map(([path, way, label]) => ({ label, width: 2, points: { show: false }, value: aPercent,
        stroke: path === 'stack' ? theme.lines[0] : theme.lines[1], dash: way === 'oneWay' ? [6, 4] : [] })),
    ],
  });
  return html`
    <${Plot} title=${name} chart=${{ key: `${bytes} ${csv.length} ${csv.slice(-200)}`, make, data }}
      spoken=${`How long messages of ${name} took: ${rowsOf(size).map(([way, , , p50]) => `${way} ${p50} in the median`).join(', ')}`}
      numbers=${size && { head: ['Way', 'n', 'Lost', 'Median', 'p90', 'p99', 'Max'], rows: rowsOf(size) }}>
      <p class="note">How many percent of ${plural(paths.stack.sent, 'message')} took no longer; dashed: one way. What was lost keeps a
        curve below 100 %.${size?.round_trip_ratio && ` In the median the stack's round trip takes ${
          measured(size.round_trip_ratio, 'ratio')} times as long as that over plain TCP.`}</p>
    <//>`;
}

/** @param {any} size */
function rowsOf(size) {
  if (!size) return [];
  // In virtual time, and with links, there is nothing beside the stack.
  return CURVES.filter(([path]) => size[path]).map(([path, way, name]) => {
    const { lost, one_way_ns: oneWay, round_trip_ns: roundTrip } = size[path];
    const times = way === 'oneWay' ? oneWay : roundTrip;
    const cells = ['p50', 'p90', 'p99', 'max'].map((part) => (times ? duration(times[part]) : '–'));
    return [name, count(times?.count ?? 0), count(lost), ...cells];
  });
}
