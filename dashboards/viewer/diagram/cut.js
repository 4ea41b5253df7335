// A cut through the run, and the messages that cross it.
//
// A cut is an Int32Array: of each peer, how many of its steps lie before it, or
// -1 where the cut does not meet the peer. It is consistent when no message is
// received before it that was sent after it: an effect without its cause.

import { lowerBound } from './binary-search.js';

// Where a recorded snapshot cuts: before the step that recorded.
/** @param {Model} model @param {Snapshot} snapshot */
export function ofSnapshot(model, { recorded }) {
  const cut = new Int32Array(model.peers.length).fill(-1);
  for (const { peer: name, step: number } of recorded) {
    const peer = model.peerOf(name);
    if (peer >= 0) cut[peer] = before(model, peer, number);
  }
  return cut;
}

// How many steps of a peer have a lower number.
/** @param {Model} model @param {number} peer @param {number} number */
export function before(model, peer, number) {
  const line = model.line(peer);
  return lowerBound(line.length, (i) => model.step.number[line[i]], number);
}

// Straight down, at one place on the axis.
/** @param {Layout} layout @param {Model} model @param {number} x */
export function straight(layout, model, x) {
  return Int32Array.from(model.peers, (_, peer) => {
    const line = model.line(peer);
    return lowerBound(line.length, (i) => layout.x[line[i]], x);
  });
}

// { flying, lost, control, orphans, whole }: messages that cross it forwards, those
// of them that are known to be lost, those of a snapshot algorithm itself that
// cross it either way, messages that cross it backwards, and whether it meets
// every peer. Only between peers that it meets. What a snapshot algorithm sends
// for itself is part of no recorded state, so it is neither in flight in a cut
// nor an orphan, for recorded cuts and for the user's own.
/** @param {Model} model @param {CutPoints} cut */
export function inspect({ step, message, peers }, cut) {
  /** @type {Record<'flying' | 'lost' | 'control' | 'orphans', number[]>} */
  const { flying, lost, control, orphans } = { flying: [], lost: [], control: [], orphans: [] };
  for (let m = 0; m < message.count; m += 1) {
    const sender = cut[message.sender[m]];
    const receiver = cut[message.receiver[m]];
    if (sender < 0 || receiver < 0) continue;
    const to = message.to[m];
    const sent = step.rank[message.from[m]] < sender;
    const received = to >= 0 && step.rank[to] < receiver;
    if (sent === received) continue;
    if (message.control[m]) control.push(m);
    else if (received) orphans.push(m);
    else if (!message.copy[m]) (message.reason[m] < 0 ? flying : lost).push(m);
  }
  return { flying, lost, control, orphans, whole: peers.every((_, peer) => cut[peer] >= 0) };
}

// Messages by channel: [{ from, to, messages }] in the order of the peers.
/** @param {Model} model @param {number[]} messages */
export function byChannel(model, messages) {
  /** @type {Map<number, { from: number, to: number, messages: number[] }>} */
  const channels = new Map();
  const place = new Int32Array(model.peers.length);
  model.inOrder.forEach((peer, i) => { place[peer] = i; });
  for (const m of messages) {
    const [from, to] = [model.message.sender[m], model.message.receiver[m]];
    const key = place[from] * model.peers.length + place[to];
    const channel = channels.get(key) ?? { from, to, messages: [] };
    channel.messages.push(m);
    channels.set(key, channel);
  }
  return [...channels].sort(([a], [b]) => a - b).map(([, channel]) => channel);
}

// A superimposed algorithm may add to a message of the application (Lai and Yang
// add colours), and records the text of the application. The model has the
// beginning of a long text, with an ellipsis behind it.
/** @param {string} sent @param {string} recorded */
function isText(sent, recorded) {
  if (sent === recorded || sent.startsWith(`${recorded} `)) return true;
  return sent.endsWith('…') && recorded.startsWith(sent.slice(0, -1));
}

// The snapshot's channels compared with the messages that the trace shows in flight:
// { recorded, missed, open, unseen }. `recorded` are messages in both, `missed` those
// that only the trace has although their receiver reported its channels, `open` those
// whose receiver has no readable report, so that nothing is known of them. `unseen`
// [{ from, to, text }] are messages that only the snapshot has.
/** @param {Model} model @param {number[]} flying @param {Snapshot} snapshot */
export function compare(model, flying, { channels, finished, unreadable }) {
  const reported = new Set(finished.filter((peer) => !unreadable.includes(peer)));
  const left = new Map(channels.map(({ from, to, messages }) => [`${from}\n${to}`, { from, to, texts: [...messages] }]));
  /** @type {Record<'recorded' | 'missed' | 'open', number[]>} */
  const { recorded, missed, open } = { recorded: [], missed: [], open: [] };
  for (const m of flying) {
    const [from, to] = [model.message.sender[m], model.message.receiver[m]].map((peer) => model.peers[peer]);
    const texts = left.get(`${from}\n${to}`)?.texts ?? [];
    const at = texts.findIndex((text) => isText(model.texts[m], text));
    if (at >= 0) {
      texts.splice(at, 1);
      recorded.push(m);
    } else (reported.has(to) ? missed : open).push(m);
  }
  const unseen = [...left.values()]
    .flatMap(({ from, to, texts }) => texts.map((text) => ({ from, to, text })));
  return { recorded, missed, open, unseen };
}

// The messages drawn as in flight in a cut: `crossing` is of inspect(), `compared` of compare().
/** @param {{ crossing: Crossing | null, compared: Comparison | null }} messages */
export const flyingIn = ({ crossing, compared }) => (compared
  ? [...compared.recorded, ...compared.missed, ...compared.open] : crossing?.flying ?? []);

// In the address: the number of each peer's first step behind the cut, in the
// order of the peers, 0 behind its last one, nothing where it does not meet it.
/** @param {Model} model @param {CutPoints} cut */
export function toText(model, cut) {
  return model.inOrder.map((peer) => {
    if (cut[peer] < 0) return '';
    const line = model.line(peer);
    return cut[peer] < line.length ? model.step.number[line[cut[peer]]] : 0;
  }).join('.');
}

/** @param {Model} model @param {string} text */
export function fromText(model, text) {
  const cut = new Int32Array(model.peers.length).fill(-1);
  const numbers = text.split('.');
  model.inOrder.forEach((peer, i) => {
    if (!numbers[i]) return;
    const number = Number(numbers[i]);
    cut[peer] = number > 0 ? before(model, peer, number) : model.line(peer).length;
  });
  return cut;
}

// Why such a text names no cut of this run, or null. Peers can join while a run
// goes on, so fewer numbers than peers are no fault.
/** @param {Model} model @param {string} text */
export function notACut(model, text) {
  const numbers = text.split('.');
  if (!numbers.every((number) => /^\d*$/.test(number))) {
    return 'it is not written as numbers with points between them';
  }
  if (numbers.length > model.peers.length) {
    return `it is of ${numbers.length} peers, and this run has ${model.peers.length}`;
  }
  const beyond = model.inOrder.findIndex((peer, i) => {
    const line = model.line(peer);
    return Number(numbers[i] ?? 0) > (line.length ? model.step.number[line[line.length - 1]] : 0);
  });
  return beyond < 0 ? null : `${model.peers[model.inOrder[beyond]]} has no step ${numbers[beyond]}`;
}
