// A cut through the run, and what it says.
//
// A cut is an Int32Array: of each peer, how many of its steps lie before it, or
// -1 where the cut does not meet the peer. It is consistent when no message is
// received before it that was sent after it: an effect without its cause.

import { lowerBound } from './bounds.js';

// Where a recorded snapshot cuts: before the step that recorded.
export function ofSnapshot(model, { recorded }) {
  const cut = new Int32Array(model.peers.length).fill(-1);
  for (const { peer: name, step: number } of recorded) {
    const peer = model.peerOf(name);
    if (peer >= 0) cut[peer] = before(model, peer, number);
  }
  return cut;
}

// How many steps of a peer have a lower number.
export function before(model, peer, number) {
  const line = model.line(peer);
  return lowerBound(line.length, (i) => model.step.number[line[i]], number);
}

// Straight down, at one place on the axis.
export function straight(layout, model, x) {
  return Int32Array.from(model.peers, (_, peer) => {
    const line = model.line(peer);
    return lowerBound(line.length, (i) => layout.x[line[i]], x);
  });
}

// { flying, lost, orphans, whole }: messages that cross it forwards, those of
// them that are known to be lost, those that cross it backwards, and whether it
// meets every peer. Only between peers that it meets.
export function inspect({ step, message, peers }, cut) {
  const flying = [];
  const lost = [];
  const orphans = [];
  for (let m = 0; m < message.count; m += 1) {
    const sender = cut[message.sender[m]];
    const receiver = cut[message.receiver[m]];
    if (sender < 0 || receiver < 0) continue;
    const to = message.to[m];
    const sent = step.rank[message.from[m]] < sender;
    const received = to >= 0 && step.rank[to] < receiver;
    if (sent && !received && !message.copy[m]) (message.reason[m] < 0 ? flying : lost).push(m);
    if (!sent && received) orphans.push(m);
  }
  return { flying, lost, orphans, whole: peers.every((_, peer) => cut[peer] >= 0) };
}

// Messages by channel: [{ from, to, messages }] in the order of the peers.
export function byChannel(model, messages) {
  const channels = new Map();
  const place = new Map(model.inOrder.map((peer, i) => [peer, i]));
  for (const m of messages) {
    const [from, to] = [model.message.sender[m], model.message.receiver[m]];
    const key = place.get(from) * model.peers.length + place.get(to);
    if (!channels.has(key)) channels.set(key, { from, to, messages: [] });
    channels.get(key).messages.push(m);
  }
  return [...channels].sort(([a], [b]) => a - b).map(([, channel]) => channel);
}

// What a snapshot algorithm sends for itself begins with the snapshot that it
// is about. It is no part of any channel's state.
const isControl = (text) => text.startsWith('snapshot=');

// A superimposed algorithm may add to what the application says (Lai and Yang
// add colours), and records what the application said.
const isText = (sent, recorded) => sent === recorded || sent.startsWith(`${recorded} `);

// What the snapshot says was in its channels, beside what the trace shows in
// flight: { recorded, missed, control, unseen }. `recorded` are messages that both
// name, `missed` those that only the trace has, `control` those of the snapshot
// algorithm itself, `unseen` [{ from, to, text }] what only the snapshot has.
export function compare(model, flying, { channels }) {
  const left = new Map(channels.map(({ from, to, messages }) => [`${from}\n${to}`, { from, to, texts: [...messages] }]));
  const recorded = [];
  const missed = [];
  const control = [];
  for (const m of flying) {
    const [from, to] = [model.message.sender[m], model.message.receiver[m]].map((peer) => model.peers[peer]);
    const texts = left.get(`${from}\n${to}`)?.texts ?? [];
    const at = texts.findIndex((text) => isText(model.texts[m], text));
    if (at >= 0) {
      texts.splice(at, 1);
      recorded.push(m);
    } else (isControl(model.texts[m]) ? control : missed).push(m);
  }
  const unseen = [...left.values()].flatMap(({ from, to, texts }) => texts.map((text) => ({ from, to, text })));
  return { recorded, missed, control, unseen };
}

// In the address: the number of each peer's first step behind the cut, in the
// order of the peers, 0 behind its last one, nothing where it does not meet it.
export function toText(model, cut) {
  return model.inOrder.map((peer) => {
    if (cut[peer] < 0) return '';
    const line = model.line(peer);
    return cut[peer] < line.length ? model.step.number[line[cut[peer]]] : 0;
  }).join('.');
}

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
