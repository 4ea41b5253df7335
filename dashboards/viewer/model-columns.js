// The columns of the model's steps and messages (model.js), and how the rows of an
// answer are put into them.

export const STEP = {
  peer: Int32Array,
  // The kind of the message that the step handles; or "timer", "start" and the like.
  kind: Int32Array,
  number: Float64Array,
  trace: Int32Array,
  // In ns after model.base.
  at: Float64Array,
  duration: Float64Array,
  // Its place on the line of its peer, from 0.
  rank: Int32Array,
  // The message that the step handles; -1 for none, or where its sending is not known.
  received: Int32Array,
  // The peer that sent that message, even where no more of it is known; -1 for none.
  from: Int32Array,
  sequence: Float64Array,
  // The timer that the step handles: model.timers, where '' stands for none.
  timer: Int32Array,
  // Two steps with equal numbers left equal states, in any runs; 0 where the state is not
  // known.
  state: Uint32Array,
  // The first message that the step sent: message.nextSent leads on, until -1. A copy
  // follows the message that it is a copy of.
  firstSent: Int32Array,
};

export const MESSAGE = {
  // Steps; `to` is -1 for a message that never arrived.
  from: Int32Array,
  to: Int32Array,
  // Peers.
  sender: Int32Array,
  receiver: Int32Array,
  kind: Int32Array,
  // Why it was lost: model.reasons; -1 where it is not known to be lost.
  reason: Int32Array,
  // The recorded cause of that: its place in CAUSES (fate.js).
  cause: Uint8Array,
  // 1: the same message, received once more.
  copy: Uint8Array,
  // 1: of a snapshot algorithm itself, no part of the state that it records.
  control: Uint8Array,
  nextSent: Int32Array,
};

/**
 * `places` lead from the indexes of the answer to the model's.
 * @param {Steps} step
 * @param {number} begin
 * @param {Tables['steps']} table
 * @param {number[]} states
 * @param {Places} places
 */
export function fillSteps(step, begin, table, states, places) {
  for (let i = 0; i < table.peer.length; i += 1) {
    const s = begin + i;
    step.peer[s] = places.peers[table.peer[i]];
    step.kind[s] = places.kinds[table.kind[i]];
    step.number[s] = table.number[i];
    step.at[s] = table.at[i];
    step.duration[s] = table.duration[i];
    step.trace[s] = places.traces[table.trace[i]];
    step.received[s] = -1;
    step.from[s] = table.sender[i] < 0 ? -1 : places.peers[table.sender[i]];
    step.sequence[s] = table.sequence[i];
    step.timer[s] = places.timers[i];
    step.state[s] = states[i] ?? 0;
    step.firstSent[s] = -1;
  }
}

/**
 * @param {Messages} message
 * @param {number} start
 * @param {Tables['sends']} table
 * @param {number} begin the first step of the same answer
 * @param {Steps} step
 * @param {Places} places
 */
export function fillMessages(message, start, table, begin, step, places) {
  for (let i = 0; i < table.step.length; i += 1) {
    const m = start + i;
    const from = begin + table.step[i];
    message.from[m] = from;
    message.to[m] = -1;
    message.sender[m] = step.peer[from];
    message.receiver[m] = places.peers[table.receiver[i]];
    message.kind[m] = places.kinds[table.kind[i]];
    message.reason[m] = -1;
    message.control[m] = table.control[i];
  }
}
