// What the views compute before they draw: where two runs part, which messages
// are under way, and what the measurements say.
//
//   node --test views.test.mjs

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Model } from '../../dashboards/viewer/model.js';
import { against, diff } from '../../dashboards/viewer/diagram/state-diff.js';
import { compare } from '../../dashboards/viewer/runs/run-difference.js';
import { brokenBy, whenDone } from '../../dashboards/viewer/topology/faults.js';
import { momentsOf, pairs, progress, underWay, until } from '../../dashboards/viewer/topology/moments.js';
import { degreesInWords, layout, networkOf, waysInWords } from '../../dashboards/viewer/topology/network.js';
import { parseCsv, pingsOf } from '../../dashboards/viewer/results/csv.js';
import { histogram } from '../../dashboards/viewer/results/histogram.js';
import { comparable, curvesOf } from '../../dashboards/viewer/results/theory.js';
import { table } from './made.mjs';

// a asks b, b answers, and a asks c; `second` is what a says to c, `late` adds
// a step of c that handles it.
function run({ second = 'two', late = true, lost = false, states } = {}) {
  const model = new Model();
  model.append({
    next: 5, base: '0', peers: ['a', 'b', 'c'], kinds: ['start', 'ASK', 'ANSWER'], traces: ['t'],
    steps: table('steps', [
      [0, 0, 1, 0, 1, 0, 's1', -1, '', -1],
      [1, 1, 1, 10, 1, 0, 's2', 0, 'm1', 0],
      [0, 2, 2, 20, 1, 0, 's3', 1, 'm2', 0],
      ...(late ? [[2, 1, 1, 40, 1, 0, 's4', 0, 'm3', 0]] : []),
    ]),
    sends: table('sends', [[0, 1, 1, 'm1', 'one', 0], [1, 0, 2, 'm2', 'yes', 0], [2, 2, 1, 'm3', second, 0]]),
    states, outputs: table('outputs', []),
    losses: table('losses', lost ? [[0, 2, 'm3', 'lost', 'the network dropped it']] : []),
  });
  return model;
}

test('equal runs have no difference', () => {
  const { parts, first } = compare(run(), run());
  assert.equal(first, null);
  assert.deepEqual(parts.map(({ peer, same }) => [peer, same]), [['a', 2], ['b', 1], ['c', 1]]);
});

test('two runs part where the causes do, and not at the consequence', () => {
  const { parts, first } = compare(run(), run({ second: 'three' }));
  assert.equal(first.peer, 'a');
  assert.equal(first.same, 1);
  assert.deepEqual(first.what, [['sends', 'ASK to c: two', 'ASK to c: three']]);
  assert.deepEqual(parts.find(({ peer }) => peer === 'c').what, [['message', 'two', 'three']]);
});

test('a step that leaves another state is a difference', () => {
  const [one, other] = [[5, 6, 7, 8], [5, 6, 9, 9]];
  const { parts, first } = compare(run({ states: one }), run({ states: other }));
  assert.deepEqual([first.peer, first.same, first.a, first.b], ['a', 1, 2, 2]);
  assert.deepEqual(first.what, [['state after it', 'one', 'another']]);
  assert.deepEqual(parts.map(({ peer, what }) => [peer, what.length]), [['a', 1], ['b', 0], ['c', 1]]);
  assert.equal(compare(run({ states: one }), run({ states: one })).first, null);
  assert.equal(compare(run({ states: one }), run()).first, null, 'one run has recorded none');
});

test('states beside each other: what is not the same in both runs', () => {
  const changes = (balance, id) =>
    diff(new Map([['balance', '100'], ['id', id]]), new Map([['balance', balance], ['id', id]]));
  const marked = against(changes('90', '1'), changes('80', '1'));
  assert.deepEqual(marked.map(({ name, apart }) => [name, apart]),
    [['balance', [false, true]], ['id', [false, false]]]);
  const alone = against(changes('90', '1'), []);
  assert.deepEqual(alone[0].apart, [true, true]);
});

test('a step that only one run has is a difference', () => {
  const { first } = compare(run(), run({ late: false }));
  assert.deepEqual([first.peer, first.same, first.b], ['c', 0, -1]);
  assert.deepEqual(first.what, [['step', 'ASK from a (two)', 'no more step']]);
});

test('a peer that only one run has', () => {
  const other = new Model();
  const { first, alone } = compare(run(), other);
  assert.equal(first.peer, 'a');
  assert.deepEqual(alone, [['a', 'b', 'c'], []]);
});

test('messages are under way between sending and receipt', () => {
  const model = run();
  const moments = momentsOf(model, 'time');
  assert.deepEqual([moments.begin, moments.end], [0, 40]);
  assert.deepEqual(underWay(model, moments, 5), [0]);
  assert.equal(progress(moments, 0, 5), 0.5);
  assert.deepEqual(underWay(model, moments, 10), [1]);
  assert.deepEqual(underWay(model, moments, 40), []);
  const tally = until(model, moments, 20);
  assert.deepEqual([...tally.sent], [2, 1, 0]);
  assert.deepEqual([...tally.received], [1, 1, 0]);
  assert.deepEqual([...tally.last], [2, 1, -1]);
  assert.deepEqual([...pairs(model, moments, 20)], [0, 1, 1, 1, 0, 0, 0, 0, 0]);
});

test('every step takes as long as any other on the axis of steps', () => {
  const moments = momentsOf(run(), 'steps');
  assert.deepEqual([...moments.at], [0, 1, 2, 3]);
  assert.deepEqual([...moments.got], [1, 2, 3]);
});

test('a message that got lost vanishes, and one that never arrives stays half-way', () => {
  const lost = run({ late: false, lost: true });
  const moments = momentsOf(lost, 'time');
  assert.deepEqual(underWay(lost, moments, 25), [2]);
  assert.deepEqual(underWay(lost, moments, 30), []);
  const never = run({ late: false });
  const stuck = momentsOf(never, 'time');
  assert.deepEqual(underWay(never, stuck, 1e9), [2]);
  assert.equal(progress(stuck, 2, 1e9), 0.5);
});

test('a link is cut from its moment on until it is healed', () => {
  const model = run();
  const network = networkOf([['a', 'b'], ['b', 'c']], model);
  const faults = [
    { at: 5, action: 'cut', peer: 'c', other: 'b' }, { at: 20, action: 'kill', peer: 'a' },
    { at: 99, action: 'heal', peer: 'b', other: 'c' },
  ];
  assert.deepEqual(whenDone(faults, model, momentsOf(model, 'time')), [5, 20, 99]);
  assert.deepEqual(whenDone(faults, model, momentsOf(model, 'steps')), [1, 3, 4]);
  const after = (count) => Object.values(brokenBy(faults.slice(0, count), network)).map((set) => [...set]);
  assert.deepEqual([0, 1, 2, 3].map(after), [[[], []], [['1 2'], []], [['1 2'], [0]], [[], [0]]]);
});

test('an empty model', () => {
  const model = new Model();
  const moments = momentsOf(model, 'steps');
  assert.deepEqual([moments.begin, moments.end, underWay(model, moments, 0)], [0, 0, []]);
});

test('networks: peers in the order of people, degrees, places', () => {
  const network = networkOf([['peer-10', 'peer-2'], ['peer-2', 'peer-1']], null);
  assert.deepEqual(network.peers, ['peer-1', 'peer-2', 'peer-10']);
  assert.equal(degreesInWords(network), 'each with 1 to 2 neighbours, 1 in the middle');
  for (const shape of ['full', 'line', 'ring', 'star', 'tree', 'grid', 'random:3', 'file:x']) {
    for (const count of [1, 2, 7, 60]) {
      const places = layout(shape, count);
      assert.equal(places.length, count);
      assert.equal(new Set(places.map(([x, y]) => `${x.toFixed(6)} ${y.toFixed(6)}`)).size, count, `${shape} ${count}`);
      for (const place of places.flat()) assert.ok(place >= 0 && place <= 1, `${shape} ${count}: ${place}`);
    }
  }
});

test('networks: how connections came about', () => {
  const edges = /** @type {[string, string][]} */ ([['a', 'b'], ['a', 'c'], ['b', 'c']]);
  const network = networkOf(edges, null, {}, [['a', 'c', 'relayed'], ['c', 'b', 'direct']]);
  assert.deepEqual([...network.ways], [['0 2', 'relayed'], ['1 2', 'direct']]);
  assert.equal(waysInWords(network), '1 direct, 1 relayed');
  assert.equal(waysInWords(networkOf(edges, null)), '');
});

test('results.csv', () => {
  assert.deepEqual(parseCsv('a,b\n1,"x, ""y""\nz"\r\n,\n'), [['a', 'b'], ['1', 'x, "y"\nz'], ['', '']]);
  assert.deepEqual(parseCsv(''), []);
  assert.throws(() => parseCsv('a\n"open'), /line 2/);
  const pings = pingsOf('ping,from,to,sent_unix_ns,round_trip_ns,lost\n'
    + '0,0,17,1795254822713618726,72302,\n1,0,17,1795254822713618700,,"no answer, in time"\n');
  assert.deepEqual([...pings.at], [26, 0]);
  assert.deepEqual([...pings.took], [72302, NaN]);
  assert.deepEqual(pings.lost, [{ ping: '1', from: '0', to: '17', at: 0, reason: 'no answer, in time' }]);
  assert.equal(pingsOf(''), null);
});

test('a histogram counts each measurement once', () => {
  assert.equal(histogram([NaN]), null);
  assert.deepEqual([...histogram([7, 7]).count], [2]);
  const values = Array.from({ length: 1000 }, (_, i) => 50 + i * i);
  const bins = histogram([...values, NaN, 0]);
  assert.equal(bins.count.reduce((sum, n) => sum + n, 0), 1001);
  bins.count.forEach((_, i) => assert.ok(bins.from[i] < bins.centre[i] && bins.centre[i] < bins.to[i]));
});

test("theory's curves go through what theory says of the run", () => {
  const run = { experiment: { name: 'snapshot' }, topology: 'full', peers: 20 };
  const markers = { name: 'markers', measured: 760, theory: 760 };
  const [[, of]] = curvesOf(run, markers);
  assert.equal(of(20), 760);
  assert.equal(of(10), 180);
  assert.ok(comparable([['', of]], { peers: 10 }, { theory: 180 }));
  assert.ok(!comparable([['', of]], { peers: 10 }, { theory: 90 }));
  assert.equal(curvesOf({ ...run, topology: 'random:3' }, markers), null);
  assert.equal(curvesOf(run, { name: 'in channels', measured: 3, theory: null }), null);
  const election = curvesOf({ experiment: { name: 'elect' }, topology: 'full', peers: 3 },
    { name: 'ELECTION', theory: null });
  assert.deepEqual(election.map(([, at]) => Number(at(3).toFixed(2))), [5, 5.5, 6]);
});
