// The options of a run in words.
//
//   node --test options.test.mjs

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { allOptions, headOptions } from '../../dashboards/viewer/run-options.js';

const run = (options) => ({ experiment: { name: 'x', options } });

const SNAPSHOT = {
  engine: 'simulator', algorithm: 'lai-yang', workload: 'bank', channel: 'per-message', fifo: false,
  scenario: 'cases/late-faults.toml',
  system: { initiators: 1, snapshots: 20, every_seconds: 0.25, rate_per_second: 50, acts: null,
    patience_seconds: 10 },
  network: {
    delay: '1ms..10ms', loss: 0.1, duplication: 0,
    crash: [{ at_seconds: 0.1, peer: 3, restart_seconds: null, state: 'kept' },
      { peer: 4, at_seconds: 1, restart_seconds: 2, state: 'lost' }],
    partition: [{ at_seconds: 1, heal_seconds: 2, group: [0, 1] }],
  },
};

test('the head names algorithm, workload, channel and scenario', () => {
  assert.deepEqual(headOptions(run(SNAPSHOT)), [['algorithm', 'lai-yang'], ['workload', 'bank'],
    ['channel', 'per-message'], ['scenario', 'late-faults.toml']]);
  assert.deepEqual(headOptions(run({ protocol: 'gossipsub', messages: 3 })), [['protocol', 'gossipsub']]);
  const liars = [{ peer: 0, lie: 'forge' }, { lie: 'silent', peer: 3 }];
  const lying = run({ algorithm: 'oral-messages', liars });
  assert.deepEqual(headOptions(lying), [['algorithm', 'oral-messages'], ['liars', '0:forge 3:silent']]);
  assert.deepEqual(allOptions(lying), [['algorithm', 'oral-messages'],
    ['liars', 'peer 0, lie forge; peer 3, lie silent']]);
  assert.deepEqual(headOptions({}), []);
});

test('options are shown in words, with their units', () => {
  assert.deepEqual(allOptions(run(SNAPSHOT)), [
    ['engine', 'simulator'], ['algorithm', 'lai-yang'], ['workload', 'bank'], ['channel', 'per-message'],
    ['scenario', 'cases/late-faults.toml'], ['initiators', '1'], ['snapshots', '20'], ['every', '250 ms'],
    ['rate', '50 a second'], ['patience', '10 s'], ['delay', '1ms..10ms'], ['loss', '0.1'],
    ['duplication', '0'],
    ['crash', 'peer 3, at 100 ms, state kept; peer 4, at 1 s, restart 2 s, state lost'],
    ['partition', 'at 1 s, heal 2 s, group 0, 1'],
  ]);
  assert.deepEqual(allOptions(
    run({ pair: { from: 3, to: 5 }, address: null, size_bytes: 2048, mix: ['put', 'get'], signed: true,
    sizes_bytes: [64, 1024], many: Array.from({ length: 10 }, (_, i) => i) })), [
    ['pair from', '3'], ['pair to', '5'], ['size', '2 KiB'], ['mix', 'put, get'], ['signed', 'yes'],
    ['sizes', '64 B, 1 KiB'],
    ['many', '0, 1, 2, 3, 4, 5, 6, 7 and 2 more'],
  ]);
});

test('the options of an old run are read from its debug text as far as possible', () => {
  const old = run({
    engine: 'live', fifo: true, network: 'Links { delay: Uniform(0ns..20ms), in_order: true }',
    system: 'Snapshot(Snapshot { algorithm: ChandyLamport, workload: ProducerConsumer, '
      + 'initiators: 1, kill: [] })',
  });
  assert.deepEqual(headOptions(old),
    [['algorithm', 'chandy-lamport'], ['workload', 'producer-consumer'], ['channel', 'stream']]);
  assert.deepEqual(allOptions(old), [['engine', 'live'], ...headOptions(old)]);
});
