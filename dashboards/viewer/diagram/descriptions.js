// A step and a message in words: for the tooltip, the panels and screen readers.

import { clocks, vectorClock } from '../causality.js';
import { fate } from '../fate.js';
import { faultTimes } from '../fault-times.js';
import { duration } from '../format.js';

/** @param {Model} model @param {number} s */
export const stepName = ({ step, peers }, s) => `${peers[step.peer[s]]} ${step.number[s]}`;

// A step that handles a message names its sender, and one that handles a timer names it.
/** @param {Model} model @param {number} s */
export function stepTitle(model, s) {
  const { step, kinds, peers } = model;
  const kind = kinds[step.kind[s]];
  if (step.from[s] >= 0) return `${kind} from ${peers[step.from[s]]}`;
  return `${kind} ${timerName(model, s)}`.trim();
}

// The timer that a step handles; '' for none.
/** @param {Model} model @param {number} s */
export const timerOf = ({ step, timers }, s) => timers[step.timer[s]] ?? '';

// Its name; '' if the process has one timer only, whose type is `()`.
/** @param {Model} model @param {number} s */
export const timerName = (model, s) => timerOf(model, s).replace(/^\(\)$/, '');

// The outputs of a step in words, each with its fields.
/** @param {Model} model @param {number} s */
export const outputsOf = (model, s) => (
  (model.outputs.get(s) ?? []).map(({ kind, text }) => `${kind} ${text}`.trim()));

/** @param {Model} model @param {number} s */
export const after = (model, s) => duration(model.step.at[s] - model.first);

/** @param {Model} model @param {number} s */
export function stepInWords(model, s) {
  const { step, peers } = model;
  const sent = model.sent(s).filter((m) => !model.message.copy[m]);
  const received = step.received[s];
  const says = received >= 0 && model.texts[received] ? `, which says ${model.texts[received]}` : '';
  const said = outputsOf(model, s).map((output) => ` Outputs ${output}.`).join('');
  return `Step ${step.number[s]} of ${peers[step.peer[s]]}: ${stepTitle(model, s)}${says}, after ${
    after(model, s)}, Lamport clock ${clocks(model).lamport[s]}. ${sendsInWords(model, sent)}${said}`;
}

/** @param {Model} model @param {number[]} sent */
function sendsInWords(model, sent) {
  if (sent.length === 0) return 'Sends nothing.';
  if (sent.length > 3) return `Sends ${sent.length} messages.`;
  return `Sends ${sent.map((m) => `${kindOf(model, m)} to ${model.peers[model.message.receiver[m]]}`).join(', ')}.`;
}

/** @param {Model} model @param {number} m */
export const kindOf = (model, m) => model.kinds[model.message.kind[m]];

/** @param {Model} model @param {number} m */
export const route = ({ message, peers }, m) => `${peers[message.sender[m]]} → ${peers[message.receiver[m]]}`;

/** @param {Model} model @param {number} m @param {string} pending */
export function messageInWords(model, m, pending) {
  const { message } = model;
  const to = message.to[m];
  return `${kindOf(model, m)} from ${route(model, m).replace('→', 'to')}${
    model.texts[m] ? `, which says ${model.texts[m]}` : ''}: sent in step ${model.step.number[message.from[m]]}, ${
    to >= 0 ? `received in step ${model.step.number[to]}, ` : ''}${fate(model, m, pending)}.`;
}

// The vector clock as `[3, 0, 12]`, in the order of the rows; when there are many
// peers, what of it is not zero.
const MANY = 32;
const NAMED = 12;

/** @param {Model} model @param {number} s */
export function vectorText(model, s) {
  const clock = vectorClock(model, s);
  const order = model.inOrder;
  if (order.length <= MANY) return `[${order.map((peer) => clock[peer]).join(', ')}]`;
  const known = order.filter((peer) => clock[peer] > 0);
  const named = known.slice(0, NAMED).map((peer) => `${model.peers[peer]}: ${clock[peer]}`).join(', ');
  return `{${named}${known.length > NAMED ? `, and ${known.length - NAMED} more` : ''}}`;
}

/** @param {Model} model @param {number} inSight */
export function describe(model, inSight) {
  const { downtimes, separations, outages } = faultTimes(model);
  const links = separations.filter(({ isLink }) => isLink).length;
  /** @type {(count: number, one: string, many: string) => string} */
  const some = (count, one, many) => (count === 0 ? '' : ` ${count} ${count === 1 ? one : many}.`);
  const outputs = [...model.outputs.values()].reduce((sum, all) => sum + all.length, 0);
  return `Space-time diagram: ${model.peers.length} peers, one line each from top to bottom; time runs to the right. ${
    model.step.count} steps and ${model.message.count} messages, ${inSight} messages in sight.${
    some(outputs, 'output', 'outputs')}${some(downtimes.length, 'crash', 'crashes')}${
    some(separations.length - links - outages.length, 'partition', 'partitions')}${
    some(links, 'cut link', 'cut links')}${some(outages.length, 'outage of a link', 'outages of links')}`;
}
