// The way of one message: which peer received it from which, from the lines of results.csv.

import { readRows } from './csv-rows.js';

const NAMES = ['message', 'publisher', 'peer', 'via', 'after_ns'];

// More peers are a grey surface. A guess.
export const MOST_PEERS = 2000;

// `{ publisher, nodes, places, last, left }`: the nodes `{ peer, via, after, hops }` that the
// message reached, the publisher first, each after its sender; `hops` is -1 where the way is not
// known. `places` has the line of each peer, from top to bottom; `last` is when the last one
// received it; `left` counts the nodes beyond `most`.
/** @param {string} text @param {number} number @param {number} [most] */
export function treeOf(text, number, most = MOST_PEERS) {
  /** @type {Map<number, TreeNode>} */
  const of = new Map();
  let publisher = -1;
  const all = readRows(text, NAMES, (message, publishedBy, peer, via, after) => {
    if (Number(message) !== number) return;
    publisher = Number(publishedBy);
    if (after === '') return;
    const from = via === '' ? -1 : Number(via);
    of.set(Number(peer), { peer: Number(peer), via: from, after: Number(after), hops: -1 });
  });
  if (!all || publisher < 0) return null;
  const root = { peer: publisher, via: -1, after: 0, hops: 0 };
  of.set(publisher, root);
  const children = childrenOf(of, publisher);
  const nodes = inOrder(root, of, children);
  const shown = nodes.slice(0, most);
  return {
    publisher, nodes: shown, places: new Map(shown.map(({ peer }, place) => [peer, place])),
    last: Math.max(...shown.map(({ after }) => after)), left: nodes.length - shown.length,
  };
}

// The peers that received the message from each peer, in the order of time. Peers whose sender
// is not known are listed under -1.
/** @param {Map<number, TreeNode>} of @param {number} publisher */
function childrenOf(of, publisher) {
  /** @type {Map<number, TreeNode[]>} */
  const children = new Map();
  for (const node of of.values()) {
    if (node.peer === publisher) continue;
    const from = of.has(node.via) ? node.via : -1;
    const siblings = children.get(from) ?? [];
    children.set(from, siblings);
    siblings.push(node);
  }
  for (const all of children.values()) all.sort((a, b) => a.after - b.after);
  return children;
}

// All nodes, each before the peers that received the message from it; peers whose sender is not
// known follow. After a restart, two peers can each name the other as the sender: a peer is
// listed once.
/** @param {TreeNode} root @param {Map<number, TreeNode>} of @param {Map<number, TreeNode[]>} children */
function inOrder(root, of, children) {
  /** @type {TreeNode[]} */
  const nodes = [];
  /** @type {Set<number>} */
  const taken = new Set();
  /** @param {TreeNode} first */
  const take = (first) => {
    const open = [first];
    for (let node = open.pop(); node; node = open.pop()) {
      if (taken.has(node.peer)) continue;
      taken.add(node.peer);
      const from = of.get(node.via);
      if (node !== root) node.hops = from && from.hops >= 0 ? from.hops + 1 : -1;
      nodes.push(node);
      open.push(...(children.get(node.peer) ?? []).toReversed());
    }
  };
  take(root);
  for (const lost of of.values()) if (!taken.has(lost.peer)) take(lost);
  return nodes;
}
