// The theory of a figure for any number of peers, as a curve to compare a run with.

// Directed channels of a network: what a marker, or an explorer or an echo,
// crosses once. Random ones and those of a file have no formula.
/** @type {Record<string, (n: number) => number>} */
const CHANNELS = {
  full: (n) => n * (n - 1),
  line: (n) => 2 * (n - 1),
  star: (n) => 2 * (n - 1),
  tree: (n) => 2 * (n - 1),
  ring: (n) => (n > 2 ? 2 * n : 2 * (n - 1)),
};

/** @param {number} n */
const harmonic = (n) => {
  let sum = 0;
  for (let i = 1; i <= n; i += 1) sum += 1 / i;
  return sum;
};

// Chang and Roberts, if all n processes start an election.
/** @type {Curve[]} */
const ELECTION = [
  ['at least 2n−1', (n) => 2 * n - 1],
  ['on average n·H(n)', (n) => n * harmonic(n)],
  ['at most n(n+1)/2', (n) => (n * (n + 1)) / 2],
];

/** @type {(name: string) => Theory} */
const onChannels = (name) => (topology = '') => CHANNELS[topology] && [name, CHANNELS[topology]];

/** @type {Record<string, Theory>} */
const SHAPES = {
  'elect ELECTED': () => ['n', (n) => n],
  'snapshot markers': onChannels('one on each channel'),
  'wave messages': onChannels('2|E|'),
  'mutex messages': () => ['2(N−1) an entry', (n) => 2 * (n - 1)],
};

// `[[name, n => number], …]` for a figure of a run, or null. A figure that also grows
// with the work is drawn for this run's work.
/** @param {Run} run @param {Figure} figure @returns {Curve[] | null} */
export function curvesOf({ experiment, topology, peers = 0 }, figure) {
  const name = `${experiment?.name} ${figure.name}`;
  if (name === 'elect ELECTION') return ELECTION;
  const shape = SHAPES[name]?.(topology);
  if (!shape || !figure.theory) return null;
  const [label, of] = shape;
  if (of(peers) <= 0) return null;
  const times = figure.theory / of(peers);
  return [[times === 1 ? label : `${label}, ${Number(times.toPrecision(4))} times`, (n) => times * of(n)]];
}

// Whether another run's figure is comparable: the run did the same work, so the same
// curves are its theory.
/** @param {Curve[]} curves @param {Run} run @param {Figure} figure */
export function comparable(curves, run, figure) {
  const { theory = null } = figure;
  if (theory === null || curves.length > 1) return curves.length > 1;
  return Math.abs(curves[0][1](run.peers ?? 0) - theory) < 1e-6 * Math.max(1, theory);
}
