// How messages of gossip spread, beside the fewest hops that theory knows.

import { html, useMemo } from '../vendor/preact-htm.js';
import { count, duration, plural } from '../format.js';
import { Plot, aPercent, aTime, asPercents, asTimes, axis, bars, below, inPercent, stepped } from './plot.js';
import { atBest, hopsOf, hopsToAll, reached, spreadOf, stepsOf, whenReached } from './spread.js';

const PARTS = [25, 50, 75, 90, 95, 100];
const PERCENT = { range: [0, 104] };

export function GossipResults({ run, csv }) {
  const spread = useMemo(() => spreadOf(csv, run.peers), [csv, run.peers]);
  return html`
    ${spread && html`<${Spread} spread=${spread} peers=${run.peers} csv=${csv} />`}
    <${Hops} run=${run} />`;
}

function Spread({ spread: { messages, one, median, slowest }, peers, csv }) {
  const data = useMemo(() => stepsOf([median, slowest]), [median, slowest]);
  const make = (theme) => ({
    scales: { x: { time: false }, y: PERCENT },
    axes: [
      below(theme, { label: 'time since it was to be sent', values: asTimes, space: 70 }),
      axis(theme, { label: 'peers that have it', values: asPercents, size: 64 }),
    ],
    series: [
      { label: 'after', value: aTime },
      ...[[`median (message ${median.number})`, theme.lines[0], []], [`slowest (message ${slowest.number})`, theme.lines[1], [8, 4]]]
        .map(([label, stroke, dash]) => ({ label, stroke, dash, width: 2, paths: stepped({ align: 1 }),
          points: { show: false }, value: aPercent })),
    ],
  });
  const rows = PARTS.map((percent) => [`${percent} %`, ...[median, slowest].map((message) => {
    const time = whenReached(message, percent);
    return time === undefined ? 'never' : duration(time);
  })]);
  const missed = [median, slowest].map((message) => message.expected - message.after.length);
  return html`
    <${Plot} title="How a message spread" what=${csv} make=${make} data=${data}
      spoken=${`The median message had come to ${told(median)}, the slowest to ${told(slowest)}`}
      numbers=${{ head: ['Peers', 'Median message', 'Slowest message'], rows }}>
      <p class="note">The share of the other ${count(peers - 1)} peers that had a message, since it was to be sent. Of
        ${' '}${plural(messages, 'message')}${one > 1 && `, one in ${count(one)} of all,`} the one in the middle by
        when the last peer had it, and the last.${missed[1] > 0
        && html` <b class="bad">The slowest never came to ${plural(missed[1], 'peer')}.</b>`}</p>
    <//>`;
}

function told(message) {
  const last = message.after.at(-1);
  return last === undefined ? 'nobody' : `${inPercent(reached(message, last))} after ${duration(last)}`;
}

function Hops({ run: { id, peers, results, experiment } }) {
  const { hops = {} } = results;
  const at = atBest({ flood_publish: experiment.options?.flood_publish, ...results });
  const rows = useMemo(() => hopsOf(hops, peers, at), [results]);
  if (!rows.length) return null;
  const least = Number(hopsToAll(peers, at).toFixed(2));
  const make = (theme) => ({
    scales: { x: { time: false, range: [-0.6, rows.length - 0.4] }, y: PERCENT },
    axes: [
      below(theme, { label: 'hops', splits: () => rows.map((row) => row.hops), values: (_, all) => all.map(String) }),
      axis(theme, { label: 'deliveries; peers', values: asPercents, size: 64 }),
    ],
    series: [
      { label: 'hops' },
      { label: 'deliveries with so many', fill: theme.rail, stroke: theme.rail, width: 0,
        paths: bars({ size: [0.6, 80] }), points: { show: false }, value: aPercent },
      { label: 'with at most so many', stroke: theme.lines[0], width: 2, value: aPercent,
        points: { show: true, size: 7, fill: theme.lines[0] } },
      { label: 'theory, if none hears it twice', stroke: theme.text, width: 2, dash: [8, 4], value: aPercent,
        points: { show: true, size: 7, fill: theme.back } },
    ],
  });
  const data = ['hops', 'percent', 'upTo', 'theory'].map((name) => rows.map((row) => row[name]));
  const table = rows.map((row) => [row.hops, count(row.deliveries), ...[row.percent, row.upTo, row.theory].map(inPercent)]);
  const unknown = hops[0] ?? 0;
  return html`
    <${Plot} title="Hops beside theory" what=${id} make=${make} data=${data}
      spoken=${`Deliveries by their hops: ${
        rows.slice(1).map((row) => `${row.hops}: ${inPercent(row.percent)}`).join(', ')}; theory says ${least}`}
      numbers=${{ head: ['Hops', 'Deliveries', 'Share', 'At most so many', 'Theory'], rows: table }}>
      <p class="note">Theory, dashed: the publisher tells F = ${at.first} others, and each of them B = ${at.beyond} more
        that do not have it yet, since no peer sends a message back. Then F(1 + B + … + B^(h−1)) others have it after h
        hops, and all n = ${count(peers)} after ${least}. Nothing is fitted.${' '}
        ${unknown > 0 && `Of ${plural(unknown, 'delivery', 'deliveries')} the hops are not known; they are left out.`}</p>
    <//>`;
}
