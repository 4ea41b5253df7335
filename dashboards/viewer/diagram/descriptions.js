// A step and a message in words: for the tooltip, the panels and screen readers.

import { clocks, vectorClock } from '../causality.js';
import { duration, plural } from '../format.js';
import { separationsOf } from './paint-partitions.js';

/** @param {Model} model @param {number} s */
export const stepName = ({ step, peers }, s) => `${peers[step.peer[s]]} ${step.number[s]}`;

// A step that handles a message names its sender; any other has its kind alone.
/** @param {Model} model @param {number} s */
export function stepTitle(model, s) {
  const { step, kinds, peers } = model;
  const from = step.from[s];
  return from < 0 ? kinds[step.kind[s]] : `${kinds[step.kind[s]]} from ${peers[from]}`;
}

/** @param {Model} model @param {number} s */
export const after = (model, s) => duration(model.step.at[s] - model.first);

/** @param {Model} model @param {number} s */
export function stepInWords(model, s) {
  const { step, peers } = model;
  const sent = model.sent(s).filter((m) => !model.message.copy[m]);
  const received = step.received[s];
  const says = received >= 0 && model.texts[received] ? `, which says ${model.texts[received]}` : '';
  const said = (model.outputs.get(s) ?? []).map(({ kind, text }) => ` Says ${kind} ${text}.`).join('');
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

// The fate of a message. `pending` (completeness.js) is that of a message without a
// receipt, unless it never arrived.
/** @param {Model} model @param {number} m @param {string} pending */
export function fate(model, m, pending) {
  const { message, reasons, step } = model;
  if (message.to[m] >= 0) {
    const took = duration(step.at[message.to[m]] - step.at[message.from[m]]);
    return `arrived after ${took}${message.copy[m] ? ', once more' : ''}`;
  }
  if (message.reason[m] >= 0) return `lost: ${reasons[message.reason[m]]}`;
  return pending || 'never arrived';
}

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
  const peers = model.peers.length;
  return `Space-time diagram: ${peers} peers, one line each from top to bottom; time runs to the right. ${
    model.step.count} steps and ${model.message.count} messages, ${inSight} messages in sight.${model.crashes.length
    ? ` ${plural(model.crashes.filter(({ happened }) => happened === 'crash').length, 'peer')} crashed.` : ''}${
    model.partitions.length ? ` ${plural(separationsOf(model.partitions).length, 'partition')}.` : ''}`;
}
