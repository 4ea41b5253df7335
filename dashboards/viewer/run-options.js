// The options of an experiment, which `run.json` has as numbers and nested
// objects, in words.

import { bytes, count, duration } from './format.js';

// Of a longer list, the rest is counted.
const FEW = 8;

// The options at the head of the page: [[name, text], …].
/** @param {Run} run */
export function headOptions({ experiment }) {
  const options = experiment?.options ?? {};
  const old = typeof options.system === 'string';
  const { algorithm, workload, channel, scenario, protocol, liars } = old
    ? ofText(options.system, options.fifo) : options;
  /** @param {{ peer: number, lie: string }} liar */
  const named = ({ peer, lie }) => `${peer}:${lie}`;
  return [['protocol', protocol], ['algorithm', algorithm], ['workload', workload], ['channel', channel],
    ['scenario', scenario?.split(/[/\\]/).pop()], ['liars', liars?.map(named).join(' ')],
  ].filter(([, text]) => text);
}

// All options: [[name, text], …], without those that have no value.
/** @param {Run} run */
export function allOptions({ experiment }) {
  const { engine, algorithm, workload, channel, scenario, fifo, system, network, ...others } =
    experiment?.options ?? {};
  if (typeof system === 'string') return rows({ engine, ...ofText(system, fifo) });
  return rows({ engine, algorithm, workload, channel, scenario, ...others, ...system, ...network });
}

// Runs before testbed-run/2 have Rust's debug text here. Their command line has the
// remaining options.
/** @param {string} system @param {boolean} [fifo] @returns {Record<string, any>} */
function ofText(system, fifo) {
  /** @param {string} name */
  const word = (name) => new RegExp(`\\b${name}: ([A-Z]\\w*)`).exec(system)?.[1]
    .replace(/(?!^)[A-Z]/g, (letter) => `-${letter}`).toLowerCase();
  const channel = fifo ? 'stream' : 'per-message';
  return { algorithm: word('algorithm'), workload: word('workload'), channel };
}

/** @param {Record<string, any>} options @returns {[name: string, text: string][]} */
function rows(options) {
  return inOrder(options).flatMap(([name, value]) => {
    if (isNothing(value)) return [];
    if (typeof value !== 'object' || Array.isArray(value)) return [entry(name, value)];
    return rows(value).map(([inner, text]) => [`${spoken(name)} ${inner}`, text]);
  });
}

// JSON has names in any order; the peer of an event comes first.
/** @param {Record<string, any>} options */
const inOrder = ({ peer, ...rest }) => Object.entries({ peer, ...rest });

/** @param {unknown} value */
const isNothing = (value) => value === null || value === undefined || (Array.isArray(value) && !value.length);
/** @param {string} name */
const spoken = (name) => name.replaceAll('_', ' ');

// The unit is the ending of the name.
/** @type {[RegExp, (value: any) => string][]} */
const UNITS = [
  [/_seconds$/, (value) => duration(value * 1e9)],
  [/_ns$/, duration],
  [/_bytes$/, bytes],
  [/_per_second$/, (value) => `${count(value)} a second`],
];

/** @param {string} name @param {any} value @returns {[name: string, text: string]} */
function entry(name, value) {
  const [unit, say] = UNITS.find(([ending]) => ending.test(name)) ?? [/$^/, plainly];
  return [spoken(name.replace(unit, '')), Array.isArray(value) ? list(value, say) : say(value)];
}

/** @param {unknown} value */
function plainly(value) {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return typeof value === 'number' ? count(value) : String(value);
}

// `peer 3, at 1.5 s; peer 4, at 2 s`
/** @param {any[]} values @param {(value: any) => string} say */
function list(values, say) {
  /** @param {any} value */
  const one = (value) => (typeof value === 'object' && value !== null
    ? rows(value).map(([name, text]) => `${name} ${text}`).join(', ') : say(value));
  const listed = values.slice(0, FEW).map(one)
    .join(values.some((value) => typeof value === 'object') ? '; ' : ', ');
  return values.length > FEW ? `${listed} and ${count(values.length - FEW)} more` : listed;
}
