// Round trips drawn: how they are distributed, and how they came one after the
// other.

import { html, useMemo } from '../vendor/preact-htm.js';
import { duration, plural } from '../format.js';
import { LOGARITHMIC, Plot, aTime, asTimes, axis, bars, below, withRoom } from './plot.js';
import { histogram } from './histogram.js';
import { drawLines } from './plot-overlays.js';

/** @type {[string, number][]} */
const PERCENTILES = [['p50', 0.5], ['p90', 0.9], ['p99', 0.99]];

/** @param {{ pings: Pings, csv: string }} props */
export function Distribution({ pings, csv }) {
  const bins = useMemo(() => histogram(pings.took), [pings]);
  if (!bins) return null;
  const sorted = pings.took.filter((value) => !Number.isNaN(value)).sort();
  const [least, most] = [bins.from[0], bins.to[bins.to.length - 1]];
  const at = PERCENTILES.map(([name, part]) => ({ name, x: sorted[Math.ceil(part * sorted.length) - 1] }));
  /** @type {Chart['make']} */
  const make = (theme) => ({
    scales: {
      x: { time: false, distr: LOGARITHMIC, range: [least / 1.02, most * 1.02] },
      y: { range: (_, low, high) => [0, high * 1.12] },
    },
    axes: [
      below(theme, { label: 'round trip', values: asTimes, space: 70,
        splits: () => round(least, most), filter: withRoom }),
      axis(theme, { label: 'pings', size: 56 }),
    ],
    legend: { show: true },
    series: [
      { label: 'round trip', value: (_, value, __, i) => (
        i === null || i === undefined || value === null
          ? '–' : `${duration(bins.from[i])} to ${duration(bins.to[i])}`) },
      { label: 'pings', fill: theme.link, stroke: theme.link, width: 0, paths: bars({ size: [0.94, 100] }),
        points: { show: false } },
    ],
    hooks: { draw: [(plot) => drawLines(plot, at, theme)] },
  });
  const spoken = `How the round trips are distributed: ${at.map(({ name, x }) => `${name} ${duration(x)}`).join(', ')}`;
  return html`
    <${Plot} title="Distribution" spoken=${spoken} chart=${{ key: csv, make, data: [bins.centre, bins.count] }}>
      <p class="note">How many pings took how long. Each step to the right is a time longer by the same factor.</p>
    <//>`;
}

// Round numbers for an axis whose ends can be close to each other or decades
// apart: 1, 2 and 5 of each decade, or, where that gives too few, evenly.
/** @param {number} from @param {number} to */
export function round(from, to) {
  /** @type {number[]} */
  const found = [];
  for (let decade = 10 ** Math.floor(Math.log10(from)); decade <= to; decade *= 10) {
    found.push(...[1, 2, 5].map((digit) => digit * decade).filter((value) => value >= from && value <= to));
  }
  if (found.length >= 3) return found;
  const unit = 10 ** Math.floor(Math.log10((to - from) / 3 || 1));
  const step = [1, 2, 5, 10].map((digit) => digit * unit).find((size) => (to - from) / size <= 6) ?? unit;
  const even = [];
  for (let value = Math.ceil(from / step) * step; value <= to; value += step) even.push(value);
  return even;
}

/** @param {{ pings: Pings, csv: string }} props */
export function Series({ pings, csv }) {
  const order = useMemo(() => pings.at.map((_, i) => i).sort((a, b) => pings.at[a] - pings.at[b]), [pings]);
  const x = Float64Array.from(order, (i) => pings.at[i]);
  const y = Array.from(order, (i) => (Number.isNaN(pings.took[i]) ? null : Math.max(1, pings.took[i])));
  if (y.every((value) => value === null)) return null;
  /** @type {Chart['make']} */
  const make = (theme) => ({
    scales: { x: { time: false }, y: { distr: LOGARITHMIC } },
    axes: [
      below(theme, { label: 'time since the first was sent', values: asTimes, space: 70 }),
      axis(theme, { label: 'round trip', values: asTimes, size: 76 }),
    ],
    series: [
      { label: 'sent after', value: aTime },
      { label: 'round trip', stroke: theme.link, fill: theme.link, paths: () => null,
        points: { show: true, size: x.length > 2000 ? 3 : 5, fill: theme.link, stroke: theme.link },
        value: (_, value, __, i) => durationOrLost(value, i) },
    ],
    hooks: { draw: [(plot) => drawLosses(plot, pings.lost, theme)] },
  });
  const spoken = `${plural(x.length, 'ping')} one after the other, ${pings.lost.length} of them lost`;
  return html`
    <${Plot} title="One after the other" spoken=${spoken} chart=${{ key: csv, make, data: [x, y] }}>
      <p class="note">When each ping was sent, and how long its answer took.${pings.lost.length > 0
        && html` <b class="bad">Red lines at the top edge are lost pings.</b>`}</p>
    <//>`;
}

/** @param {UPlot} plot @param {Pings['lost']} lost @param {Theme} theme */
function drawLosses(plot, lost, theme) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = theme.bad;
  ctx.lineWidth = 2 * devicePixelRatio;
  ctx.beginPath();
  for (const { at } of lost) {
    const x = plot.valToPos(at, 'x', true);
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + 16 * devicePixelRatio);
  }
  ctx.stroke();
  ctx.restore();
}

// No value where the pointer is at a ping: the ping was lost.
/** @param {PlotValue} value @param {PlotValue} i */
function durationOrLost(value, i) {
  if (value !== null && value !== undefined) return duration(value);
  return i === null || i === undefined ? '–' : 'lost';
}
