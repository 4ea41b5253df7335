// The way of one message, as it is computed before it is drawn.
//
//   node --test spread-tree.test.mjs

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { treeOf } from '../../dashboards/viewer/results/spread-tree.js';

const HEAD = 'message,publisher,publisher_degree,peer,via,sent_unix_ns,after_ns,lost';
const row = (message, publisher, peer, via, after) => `${message},${publisher},3,${peer},${via},0,${after},`;
const csv = (...rows) => [HEAD, ...rows, ''].join('\n');

test('peers follow their sender, in the order of time', () => {
  const tree = treeOf(csv(
    row(0, 9, 1, 9, 1), row(7, 2, 5, 3, 40), row(7, 2, 3, 2, 10), row(7, 2, 4, 2, 20), row(7, 2, 6, 3, 30),
    row(7, 2, 8, '', ''),
  ), 7);
  const hops = tree.nodes.map((node) => [node.peer, node.hops]);
  assert.deepEqual(hops, [[2, 0], [3, 1], [6, 2], [5, 2], [4, 1]]);
  assert.equal(tree.publisher, 2);
  assert.equal(tree.last, 40);
  assert.equal(tree.places.get(5), 3);
});

test('a peer whose sender is not known has no hops, and each peer is listed once', () => {
  const tree = treeOf(csv(
    row(0, 0, 1, '', 5), row(0, 0, 2, 1, 6), row(0, 0, 3, 4, 7), row(0, 0, 4, 3, 8), row(0, 0, 0, 2, 9),
  ), 0);
  const hops = new Map(tree.nodes.map(({ peer, hops: found }) => [peer, found]));
  assert.equal(tree.nodes.length, 5);
  assert.deepEqual([0, 1, 2].map((peer) => hops.get(peer)), [0, -1, -1]);
  // 3 and 4 name each other.
  assert.deepEqual([3, 4].map((peer) => hops.get(peer)), [-1, -1]);
});

test('of many peers the first are shown', () => {
  const all = Array.from({ length: 20 }, (_, i) => row(0, 0, i + 1, 0, i));
  const tree = treeOf(csv(...all), 0, 10);
  assert.deepEqual([tree.nodes.length, tree.left], [10, 11]);
  assert.equal(treeOf(csv(), 0), null);
  assert.equal(treeOf('a,b\n1,2\n', 0), null);
});
