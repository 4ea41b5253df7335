// Samples of the host's load, from the lines of host.csv.

import { number, readRows } from './csv-rows.js';

const NAMES = ['seconds', 'measuring', 'cpu_percent', 'own_cpu_percent', 'memory_bytes',
  'loopback_bytes', 'lag_seconds'];
// More points than these cannot be distinguished.
const MOST_SAMPLES = 1500;
// A second with fewer samples is not judged, as in the run.
const ENOUGH = 5;

// `[{ from, seconds, measuring, cpu, own, memory, loopback, lag }, …]`: each is
// of the time `from` to `seconds`; `loopback` in bytes a second.
/** @param {string} text */
export function samplesOf(text) {
  /** @type {HostSample[]} */
  const samples = [];
  let from = 0;
  readRows(text, NAMES, (seconds, measuring, cpu, own, memory, loopback, lag) => {
    const to = Number(seconds);
    samples.push({
      from, seconds: to, measuring: measuring === 'true', cpu: number(cpu), own: number(own),
      memory: number(memory), loopback: number(loopback) / Math.max(1e-9, to - from), lag: number(lag),
    });
    from = to;
  });
  return samples;
}

// Thins too many samples: of each group of consecutive ones, the greatest value of each
// column.
/** @param {HostSample[]} samples @param {number} [most] */
export function thinned(samples, most = MOST_SAMPLES) {
  const of = Math.ceil(samples.length / most);
  if (of <= 1) return { of: 1, samples };
  const groups = Array.from({ length: Math.ceil(samples.length / of) },
    (_, i) => samples.slice(i * of, (i + 1) * of));
  return { of, samples: groups.map(greatest) };
}

/** @param {HostSample[]} group */
function greatest(group) {
  /** @param {SampleColumn} name */
  const most = (name) => {
    const known = group.map((sample) => sample[name]).filter((value) => !Number.isNaN(value));
    return known.length ? Math.max(...known) : NaN;
  };
  const [first, last] = [group[0], group[group.length - 1]];
  return {
    from: first.from, seconds: last.seconds, measuring: last.measuring, cpu: most('cpu'), own: most('own'),
    memory: most('memory'), loopback: most('loopback'), lag: most('lag'),
  };
}

// When something was measured: `[[from, to], …]`, in seconds.
/** @param {HostSample[]} samples */
export function measuredSpans(samples) {
  /** @type {number[][]} */
  const spans = [];
  samples.forEach(({ from, seconds, measuring }, i) => {
    if (!measuring) return;
    if (i > 0 && samples[i - 1].measuring) spans[spans.length - 1][1] = seconds;
    else spans.push([from, seconds]);
  });
  return spans;
}

// The seconds in which the host was saturated, as the run judges it: while
// something was measured, by the processors' mean and the lags' median.
/** @param {HostSample[]} samples @param {number[]} bounds */
export function saturatedSeconds(samples, [percent, late]) {
  /** @type {Map<number, HostSample[]>} */
  const seconds = new Map();
  for (const sample of samples.filter(({ measuring }) => measuring)) {
    const second = Math.trunc(sample.seconds);
    seconds.set(second, [...(seconds.get(second) ?? []), sample]);
  }
  return [...seconds].filter(([, all]) => all.length >= ENOUGH
    && (middle(all.map(({ lag }) => lag)) > late || share(all.map(({ cpu }) => cpu)) > percent))
    .map(([second]) => second);
}

/** @param {number[]} values */
const middle = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** @param {number[]} values */
function share(values) {
  const known = values.filter((value) => !Number.isNaN(value));
  return known.reduce((sum, value) => sum + value, 0) / Math.max(1, known.length);
}
