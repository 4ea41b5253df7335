// What the Results view computes from results.csv and host.csv before it draws.
//
//   node --test results.test.mjs

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { bytes, measured } from '../../dashboards/viewer/format.js';
import { cumulative, timesOf, upTo } from '../../dashboards/viewer/results/cumulative.js';
import {
  besideEachOther, drawnOf, hopsByKind, lookupsOf, rightOf,
} from '../../dashboards/viewer/results/lookups.js';
import { countRows, isTaken, oneIn, readRows } from '../../dashboards/viewer/results/csv-rows.js';
import {
  measuredSpans, samplesOf, saturatedSeconds, thinned,
} from '../../dashboards/viewer/results/host-samples.js';
import {
  atBest, hopsOf, hopsToAll, reached, spreadOf, stepsOf, whenReached,
} from '../../dashboards/viewer/results/spread.js';

const rows = (text, names, wanted) => {
  const found = [];
  const known = readRows(text, names, (...fields) => found.push(fields), wanted);
  return known && found;
};

test('measures as people read them', () => {
  assert.equal(measured(null, 'ns'), '–');
  assert.equal(measured(1234567, 'ns'), '1.23 ms');
  assert.equal(measured(7, 'count'), '7');
  assert.equal(measured(5.643856, 'count'), '5.644');
  assert.equal(measured(12345.6, 'ratio'), '12,346');
  assert.equal(measured(0.99999, 'ratio'), '< 1', 'something is lost');
  assert.equal(measured(1, 'ratio'), '1');
  assert.deepEqual([0, 1023, 1536, 64 << 20].map(bytes), ['0 B', '1,020 B', '1.5 KiB', '64 MiB']);
});

test('lines are read by the names of their fields', () => {
  const text = 'a,b,c\n1,2,3\r\n4,"x, ""y""\nz",6\n7,,9';
  assert.equal(countRows('a\n1\n2\n'), 2);
  assert.equal(countRows('a\n1\n2'), 2);
  assert.equal(countRows(''), 0);
  assert.deepEqual(rows(text, ['c', 'b']), [['3', '2'], ['6', 'x, "y"\nz'], ['9', '']]);
  assert.equal(rows(text, ['a', 'd']), false);
  assert.equal(rows('', ['a']), false);
  assert.deepEqual(rows(text, ['a'], (number) => number === 1), [['4']]);
});

test('of too many lines some are taken, in no rhythm', () => {
  assert.equal(oneIn(200_000), 1);
  assert.equal(oneIn(200_001), 2);
  const taken = Array.from({ length: 100_000 }, (_, i) => i).filter((i) => isTaken(i, 200));
  assert.ok(Math.abs(taken.length - 500) < 50, `${taken.length}`);
  const even = taken.filter((i) => i % 200 < 100).length;
  assert.ok(even > 150 && even < 350, `${even} of the first half of each 200`);
});

const GOSSIP = 'message,publisher,peer,via,sent_unix_ns,after_ns,lost\n'
  + '0,0,1,0,5,10,\n0,0,2,1,5,30,\n0,0,3,1,5,20,\n'
  + '1,1,0,1,9,40,\n1,1,2,1,9,50,\n'
  + '2,2,0,2,9,5,\n2,2,1,2,9,6,\n'
  + '1,1,3,,9,,did not arrive in time\n2,2,3,,9,,the peer had stopped\n';

test('the median message and the slowest, which may never come to all', () => {
  const { messages, one, median, slowest } = spreadOf(GOSSIP, 4);
  assert.deepEqual([messages, one], [3, 1]);
  assert.deepEqual(median, { number: 0, after: [10, 20, 30], expected: 3 });
  assert.deepEqual(slowest, { number: 1, after: [40, 50], expected: 3 });
  assert.deepEqual([50, 100].map((part) => whenReached(median, part)), [20, 30]);
  assert.deepEqual([50, 100].map((part) => whenReached(slowest, part)), [50, undefined]);
  assert.ok(Math.abs(reached(slowest, 60) - 66.67) < 0.01);
  const [x, first, second] = stepsOf([median, slowest]);
  assert.deepEqual(x, [0, 10, 20, 30, 40, 50]);
  assert.deepEqual(first.map(Math.round), [0, 33, 67, 100, 100, 100]);
  assert.deepEqual(second.map(Math.round), [0, 0, 0, 0, 33, 67]);
  assert.equal(spreadOf('', 4), null);
});

test('of many messages some are read, each as a whole', () => {
  const text = GOSSIP.split('\n')[0] + Array.from({ length: 900 }, (_, i) => `\n${Math.floor(i / 3)},9,${i % 3},9,1,${i},`).join('');
  const { messages, one, median } = spreadOf(text, 4, 300);
  assert.equal(one, 3);
  assert.ok(messages > 60 && messages < 140, `${messages}`);
  assert.equal(median.after.length, 3);
});

test('hops beside theory: F at the first hop, and B times as many at each further one', () => {
  const found = hopsOf({ 0: 5, 1: 4, 2: 12, 3: 4 }, 17, { first: 4, beyond: 3 });
  assert.deepEqual(found.map(({ hops, deliveries }) => [hops, deliveries]),
    [[0, 0], [1, 4], [2, 12], [3, 4]]);
  assert.deepEqual(found.map(({ percent }) => percent), [0, 20, 60, 20]);
  assert.deepEqual(found.map(({ upTo }) => upTo), [0, 20, 80, 100]);
  assert.deepEqual(found.map(({ theory }) => theory), [0, 25, 100, 100]);
  assert.deepEqual(hopsOf({}, 17, { first: 4, beyond: 3 }), []);
  for (const [results, first, beyond] of [
    [{ fanout: 4, degree: [4, 4, 4] }, 4, 3],
    [{ fanout: 2, degree: [4, 4, 4] }, 2, 2],
    [{ fanout: 2, degree: [2, 2, 2] }, 2, 1],
    [{ mesh: 6, degree: [8, 8, 8], flood_publish: true }, 8, 5],
    [{ mesh: 6, degree: [8, 8, 8], flood_publish: false }, 6, 5],
    [{ mesh: 6, degree: [1, 1, 4] }, 1, 1],
  ]) assert.deepEqual(atBest(results), { first, beyond });
  assert.equal(hopsToAll(17, { first: 4, beyond: 3 }).toFixed(6), '2.000000');
  assert.equal(hopsToAll(9, { first: 2, beyond: 1 }), 4);
});

const KAD = 'operation,kind,peer,intended_unix_ns,after_ns,hops,requests,right,of,failed\n'
  + '1,find,3,1795254822713618800,900,2,20,20,20,\n'
  + '0,get,1,1795254822713618700,500,1,3,,,\n'
  + '2,find,4,1795254822713618900,700,2,20,19,20,\n'
  + '3,get,5,1795254822713619000,9000,,,,,"no answer, in time"\n'
  + '4,find,5,1795254822713619100,800,3,20,20,20,\n';

test('lookups: their hops by kind, and what the oracle says', () => {
  const { operations, one } = lookupsOf(KAD);
  assert.equal(one, 1);
  assert.deepEqual(operations.map(({ kind, at }) => [kind, at]),
    [['get', 0], ['find', 100], ['find', 200], ['get', 300], ['find', 400]]);
  const counts = hopsByKind(operations, ['put', 'get', 'find']);
  assert.deepEqual(counts, [['get', [0, 1, 0, 0]], ['find', [0, 0, 2, 1]]]);
  assert.deepEqual(rightOf(operations), [[20, 20, 2], [19, 20, 1]]);
  const [x, get, find] = besideEachOther(counts);
  assert.equal(x.length, 8);
  assert.deepEqual(get.filter((percent) => percent), [100]);
  assert.deepEqual(find.filter((percent) => percent).map(Math.round), [67, 33]);
  assert.deepEqual(operations.filter(({ failed }) => failed)
    .map(({ failed }) => failed), ['no answer, in time']);
  assert.equal(lookupsOf(''), null);
});

test('of many operations those that failed are drawn', () => {
  const operations = Array.from({ length: 1000 }, (_, i) => ({ failed: i % 100 === 7 ? 'why' : '' }));
  const { one, drawn } = drawnOf(operations, 100);
  assert.equal(one, 10);
  assert.equal(drawn.filter(({ failed }) => failed).length, 10);
  assert.ok(drawn.length < 150, `${drawn.length}`);
});

test('the distribution of both roads, in which what is lost never comes', () => {
  const text = 'road,size_bytes,from,to,intended_unix_ns,one_way_ns,round_trip_ns\n'
    + 'stack,1024,1,2,7,100,300\nstack,1024,2,1,7,200,400\nstack,1024,2,1,7,50,\n'
    + 'tcp,1024,,,7,10,20\nstack,64,0,1,7,5,6\n';
  const { sizes } = timesOf(text);
  assert.deepEqual(sizes.map(([size]) => size), [64, 1024]);
  const roads = sizes[1][1];
  assert.deepEqual([roads.stack.sent, [...roads.stack.oneWay], [...roads.tcp.roundTrip]],
    [3, [100, 200], [20]]);
  const [x, oneWay, roundTrip, tcp] = cumulative(roads, 50);
  assert.deepEqual([x.length, Math.round(x[0]), x.at(-1)], [50, 10, 400]);
  assert.deepEqual([oneWay.at(-1), roundTrip.at(-1), tcp.at(-1)].map(Math.round), [67, 67, 100]);
  assert.deepEqual([0, 10, 15, 20].map((value) => upTo([10, 10, 20], value)), [0, 2, 2, 3]);
  assert.equal(cumulative({ stack: { sent: 1, oneWay: [], roundTrip: [] },
    tcp: { sent: 0, oneWay: [], roundTrip: [] } }), null);
});

const host = (from, count, measuring, cpu, lag) => Array.from({ length: count }, (_, i) =>
  `${(from + (i + 1) / 10).toFixed(1)},${measuring},${cpu},5,1000,3,4,100,${lag}`);

test('the host: what was measured, and the seconds that set the pace', () => {
  const text = [
    'seconds,measuring,cpu_percent,own_cpu_percent,memory_bytes,descriptors,sockets,loopback_bytes,'
      + 'lag_seconds',
    ...host(0, 9, false, 99, 0.2), ...host(0.9, 10, true, 40, 0.001), ...host(1.9, 10, true, 97, 0.001),
    ...host(2.9, 10, true, '', 0.06), ...host(3.9, 3, true, 99, 1), ''].join('\n');
  const samples = samplesOf(text);
  assert.equal(samples.length, 42);
  assert.equal(Math.round(samples[3].loopback), 1000);
  assert.deepEqual(measuredSpans(samples), [[0.9, 4.2]]);
  assert.deepEqual(saturatedSeconds(samples, [95, 0.05]), [2, 3]);
  assert.equal(thinned(samples).samples, samples);
  const thin = thinned(samples, 10);
  assert.deepEqual([thin.of, thin.samples.length, thin.samples[0].from, thin.samples.at(-1).seconds],
    [5, 9, 0, 4.2]);
  assert.equal(thin.samples.at(-1).lag, 1);
  assert.deepEqual(samplesOf(''), []);
});
