// How messages of gossip spread, beside the fewest hops that theory knows.

import { html, useMemo } from '../vendor/preact-htm.js';
import { count, duration, plural } from '../format.js';
import {
  Plot, aPercent, aTime, asNumbers, asPercents, asTimes, axis, bars, below, inPercent, stepped,
} from './plot.js';
import { OverTime } from './over-time.js';
import { Way } from './way.js';
import { atBest, hopsOf, hopsToAll, reached, spreadOf, stepsOf, whenReached } from './spread.js';

const PARTS = [25, 50, 75, 90, 95, 100];
/** @type {{ range: [number, number] }} */
const PERCENT = { range: [0, 104] };

/** @param {{ run: MeasuredRun, csv: string }} props */
export function GossipResults({ run, csv }) {
  // Attackers are the last of the peers, and nothing is expected of them.
  const peers = run.experiment.options?.first_attacker ?? run.peers;
  const spread = useMemo(() => spreadOf(csv, peers), [csv, peers]);
  return html`
    ${spread && html`<${Spread} spread=${spread} peers=${peers} csv=${csv} />
      <${Way} csv=${csv} median=${spread.median.number} slowest=${spread.slowest.number} />`}
    <${Hops} run=${run} peers=${peers} />
    <${OverTime} run=${run} />`;
}

/** @param {{ spread: Spread, peers: number, csv: string }} props */
function Spread({ spread: { messages, one, median, slowest }, peers, csv }) {
  const data = useMemo(() => stepsOf([median, slowest]), [median, slowest]);
  /** @type {Chart['make']} */
  const make = (theme) => ({
    scales: { x: { time: false }, y: PERCENT },
    axes: [
      below(theme, { label: 'time since it was to be sent', values: asTimes, space: 70 }),
      axis(theme, { label: 'peers that have it', values: asPercents, size: 64 }),
    ],
    series: [
      { label: 'after', value: aTime },
      ...[
        { label: `median (message ${median.number})`, stroke: theme.lines[0], dash: [] },
        { label: `slowest (message ${slowest.number})`, stroke: theme.lines[1], dash: [8, 4] },
      ].map((line) => ({
        ...line, width: 2, paths: stepped({ align: 1 }), points: { show: false }, value: aPercent,
      })),
    ],
  });
  const rows = PARTS.map((percent) => [`${percent} %`, ...[median, slowest].map((message) => {
    const time = whenReached(message, percent);
    return time === undefined ? 'never' : duration(time);
  })]);
  const missed = [median, slowest].map((message) => message.expected - message.after.length);
  return html`
    <${Plot} title="How a message spread" chart=${{ key: csv, make, data }}
      spoken=${`The median message had reached ${reachedInWords(median)}, the slowest ${reachedInWords(slowest)}`}
      numbers=${{ head: ['Peers', 'Median message', 'Slowest message'], rows }}>
      <p class="note">The share of the other ${count(peers - 1)} peers that had a message, since it was to be sent. Of
        ${' '}${plural(messages, 'message')}${one > 1 && `, one in ${count(one)} of all,`} the one in the middle by
        when the last peer had it, and the last.${missed[1] > 0
        && html` <b class="bad">The slowest never came to ${plural(missed[1], 'peer')}.</b>`}</p>
    <//>`;
}

/** @param {SpreadMessage} message */
function reachedInWords(message) {
  const last = message.after.at(-1);
  return last === undefined ? 'no peer' : `${inPercent(reached(message, last))} after ${duration(last)}`;
}

/** @param {{ run: MeasuredRun, peers: number }} props */
function Hops({ run: { id, results, experiment }, peers }) {
  const { hops = {} } = results;
  const at = atBest({ flood_publish: experiment.options?.flood_publish, ...results });
  const rows = useMemo(() => hopsOf(hops, peers, at), [results]);
  if (!rows.length) return null;
  const least = Number(hopsToAll(peers, at).toFixed(2));
  /** @type {Chart['make']} */
  const make = (theme) => ({
    scales: { x: { time: false, range: [-0.6, rows.length - 0.4] }, y: PERCENT },
    axes: [
      below(theme, { label: 'hops', splits: () => rows.map((row) => row.hops), values: asNumbers }),
      axis(theme, { label: 'deliveries; peers', values: asPercents, size: 64 }),
    ],
    series: [
      { label: 'hops' },
      { label: 'deliveries with so many', fill: theme.rail, stroke: theme.rail, width: 0,
        paths: bars({ size: [0.6, 80] }), points: { show: false }, value: aPercent },
      { label: 'with at most so many', stroke: theme.lines[0], width: 2, value: aPercent,
        points: { show: true, size: 7, fill: theme.lines[0] } },
      { label: 'theory, if none receives it twice', stroke: theme.text, width: 2, dash: [8, 4],
        value: aPercent, points: { show: true, size: 7, fill: theme.back } },
    ],
  });
  const data = [
    rows.map((row) => row.hops), rows.map((row) => row.percent),
    rows.map((row) => row.upTo), rows.map((row) => row.theory),
  ];
  const table = rows.map((row) => [
    row.hops, count(row.deliveries), ...[row.percent, row.upTo, row.theory].map(inPercent)]);
  const unknown = hops[0] ?? 0;
  return html`
    <${Plot} title="Hops beside theory" chart=${{ key: id, make, data }}
      spoken=${`Deliveries by their hops: ${
        rows.slice(1).map((row) => `${row.hops}: ${inPercent(row.percent)}`).join(', ')}; theory says ${least}`}
      numbers=${{ head: ['Hops', 'Deliveries', 'Share', 'At most so many', 'Theory'], rows: table }}>
      <p class="note">Theory, dashed: the publisher sends to F = ${at.first} others, and each of them to B = ${at.beyond} more
        that do not have it yet, since no peer sends a message back. Then F(1 + B + … + B^(h−1)) others have it after h
        hops, and all n = ${count(peers)} after ${least}. Nothing is fitted.${' '}
        ${unknown > 0 && `Of ${plural(unknown, 'delivery', 'deliveries')} the hops are not known; they are left out.`}</p>
    <//>`;
}
