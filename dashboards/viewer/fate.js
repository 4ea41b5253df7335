// What became of a message: it arrived, or why it did not.
//
//   lost        the network lost it
//   cut         a partition, or the cut of a link, separated its sender and its receiver
//   down        its receiver had crashed, or its sender had before it left
//   under way   the run ended first (completeness.js)
//
// Where the engine recorded the cause, that counts. The simulator and the model checker
// record each; a live peer does not learn what was lost with another, so there the faults
// of the run decide. Where neither does, the message `never arrived`.

import { duration } from './format.js';
import { faultTimes } from './fault-times.js';

// The causes that an engine records, by their number in `model.message.cause`.
export const CAUSES = ['', 'lost', 'cut', 'down'];

// `pending` (completeness.js) is the fate of a message without a receipt, unless it never
// arrived.
/** @param {Model} model @param {number} m @param {string} pending */
export function fate(model, m, pending) {
  const { message, reasons, step } = model;
  if (message.to[m] >= 0) {
    const took = duration(step.at[message.to[m]] - step.at[message.from[m]]);
    return `arrived after ${took}${message.copy[m] ? ', once more' : ''}`;
  }
  const concluded = () => causeByFaults(model, m);
  if (message.reason[m] >= 0) {
    const cause = CAUSES[message.cause[m]] || concluded() || 'lost';
    return `${cause}: ${reasons[message.reason[m]]}`;
  }
  if (pending) return pending;
  switch (concluded()) {
    case 'down': return `down: ${model.peers[message.receiver[m]]} had crashed`;
    case 'cut': return `cut: no message passed from ${model.peers[message.sender[m]]} to ${
      model.peers[message.receiver[m]]}`;
    default: return 'never arrived';
  }
}

// The cause of a loss by the faults of the run: the first fault that the message met, if
// none of it could have arrived after that; otherwise ''. What a live peer had not sent
// yet, or not received yet, is lost when it crashes; what a cut holds comes when it heals.
/** @param {Model} model @param {number} m */
export function causeByFaults(model, m) {
  const { message, step, peers } = model;
  const sent = step.at[message.from[m]];
  const [sender, receiver] = [peers[message.sender[m]], peers[message.receiver[m]]];
  const { downtimes, separations } = faultTimes(model);
  /** @param {{ at: number, until: number | null }} fault */
  const meets = ({ until }) => until === null || until > sent;
  const down = downtimes.find((one) => one.peer === receiver && meets(one));
  const cut = separations.find((one) => one.until === null && separates(one, sender, receiver));
  const ends = downtimes.find((one) => one.peer === sender && one.at >= sent);
  const first = [down, cut].filter((one) => one !== undefined).sort((one, other) => one.at - other.at)[0];
  if (!first || (ends && ends.at < first.at)) return '';
  if (first === cut) return 'cut';
  return first.until === null || isHeardAgain(model, m, first.until) ? 'down' : '';
}

/** @param {Separation} separation @param {string} one @param {string} other */
function separates({ group, others }, one, other) {
  return (group.includes(one) && others.includes(other)) || (group.includes(other) && others.includes(one));
}

// Whether the receiver, after its restart, handled a message of the same sender: then what
// was sent on the connections before it does not come any more.
/** @param {Model} model @param {number} m @param {number} restart */
function isHeardAgain(model, m, restart) {
  const { message, step } = model;
  return model.line(message.receiver[m])
    .some((s) => step.at[s] >= restart && step.from[s] === message.sender[m]);
}
