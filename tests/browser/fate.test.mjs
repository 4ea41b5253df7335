// The faults of a run in the space-time diagram, and why a message never arrived.
//
//   node --test fate.test.mjs

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { arrange } from '../../dashboards/viewer/diagram/layout.js';
import { placeOf } from '../../dashboards/viewer/diagram/paint-downtimes.js';
import { drawHindrances, drawNewLinks } from '../../dashboards/viewer/diagram/paint-hindrances.js';
import { drawLinkCuts } from '../../dashboards/viewer/diagram/paint-link-cuts.js';
import { shadePartitions } from '../../dashboards/viewer/diagram/paint-partitions.js';
import { fit, frameOf } from '../../dashboards/viewer/diagram/view.js';
import { fate } from '../../dashboards/viewer/fate.js';
import { downtimesOf, hindrancesOf, separationsOf } from '../../dashboards/viewer/fault-times.js';
import { Model } from '../../dashboards/viewer/model.js';
import { answer, settings, whole } from './made.mjs';

test('a peer is down from its crash to its restart, or to the end', () => {
  const model = whole();
  const crash = (peer, at, happened = 'crash') => ({ peer, at, happened });
  model.append({ ...answer([]), crashes: [crash('b', 25), crash('a', 15), crash('a', 35, 'restart')] });
  assert.deepEqual(downtimesOf(model.crashes),
    [{ peer: 'a', at: 15, until: 35 }, { peer: 'b', at: 25, until: null }]);
  const layout = arrange(model, settings({ axis: 'logical' }));
  const [a, b] = ['a', 'b'].map((name) => model.peerOf(name));
  assert.equal(placeOf(model, layout, a, 15, false), layout.x[3] + 0.5, 'after the timer');
  assert.equal(placeOf(model, layout, a, 35, true), layout.x[6], 'at the next step');
  assert.equal(placeOf(model, layout, b, 0, false), layout.begin - 0.5, 'before the first step');
  assert.equal(placeOf(model, arrange(model, settings()), b, 25, false), 25);
});

test('a peer is paused or slow until that ends, and links change at a time', () => {
  const model = whole();
  const hindered = (peer, at, happened) => ({ peer, at, happened });
  const hindrances = [
    hindered('a', 15, 'pause'), hindered('b', 20, 'slow'), hindered('a', 22, 'slow'),
    hindered('a', 30, 'resume'), hindered('c', 31, 'resume'), hindered('b', 35, 'usual'),
  ];
  assert.ok(model.append({ ...answer([]), hindrances, links: [{ at: 25, network: 'wan' }] }));
  assert.deepEqual(hindrancesOf(model.hindrances), [
    { peer: 'a', at: 15, until: 30, kind: 'pause' }, { peer: 'b', at: 20, until: 35, kind: 'slow' },
    { peer: 'a', at: 22, until: null, kind: 'slow' },
  ]);
  const fills = [];
  const texts = [];
  const context = {
    canvas: { width: 500 }, fillRect: (...rectangle) => fills.push(rectangle),
    fillText: (text) => texts.push(text),
    beginPath() {}, stroke() {}, setLineDash() {}, moveTo() {}, lineTo() {},
  };
  const size = { width: 500, height: 500 };
  for (const axis of ['time', 'logical']) {
    const layout = arrange(model, settings({ axis }));
    const scene = { layout, model, theme: {}, size };
    drawHindrances(context, scene, frameOf(layout, fit(layout), size));
    drawNewLinks(context, scene, frameOf(layout, fit(layout), size));
  }
  assert.ok(fills.length > 8 && fills.every(([, , width]) => width > 0));
  assert.equal(context.globalAlpha, 1);
  assert.deepEqual(texts, ['links: wan'], 'in time alone');
});

// A partition of a group from the other peers, the cut of a link, or the end of either.
const part = (group, others, at, happened = 'partition') => ({ group, others, at, happened });

test('a partition and the cut of a link last until they heal, or to the end', () => {
  const model = whole();
  const partitions = [
    part(['a'], ['b', 'c'], 15), part(['b', 'c'], ['a'], 20), part(['a'], ['b'], 25, 'cut'),
    part(['a'], ['b', 'c'], 30, 'heal'), part(['a'], ['b'], 35, 'heal'), part(['a'], ['b', 'c'], 40),
  ];
  model.append({ ...answer([]), partitions });
  const parted = (group, others, at, until, isLink = false) => ({ group, others, isLink, at, until });
  assert.deepEqual(separationsOf(model.partitions), [
    parted(['a'], ['b', 'c'], 15, 30), parted(['b', 'c'], ['a'], 20, null),
    parted(['a'], ['b'], 25, 35, true), parted(['a'], ['b', 'c'], 40, null),
  ]);
  const fills = [];
  const lines = [];
  const context = {
    fillRect: (...rectangle) => fills.push(rectangle), beginPath() {}, stroke() {}, setLineDash() {},
    moveTo() {}, lineTo: (...end) => lines.push(end),
  };
  const layout = arrange(model, settings());
  const size = { width: 500, height: 500 };
  const frame = frameOf(layout, fit(layout), size);
  shadePartitions(context, { layout, model, theme: {}, size }, frame);
  assert.equal(fills.length, 4, 'one for each peer of a group');
  assert.ok(fills.every(([, , width]) => width > 0));
  assert.equal(context.globalAlpha, 1);
  drawLinkCuts(context, { layout, model, theme: {}, size }, frame);
  assert.equal(lines.length, 8, 'along both ends, and at each time between them with a bar at both');
  lines.length = 0;
  const few = arrange(model, settings({ hidden: new Set([model.peerOf('b')]) }));
  drawLinkCuts(context, { layout: few, model, theme: {}, size }, frame);
  assert.equal(lines.length, 0, 'an end is hidden');
});

// m1 goes from a to b at 10, and never arrives; b handles another message of a at 80.
function unreceived({ lost = [], crashes = [], partitions = [] }) {
  const model = new Model();
  model.append({
    ...answer([['a', 'start', 1, 10], ['b', 'start', 1, 10], ['a', 'timer', 2, 70],
      ['b', 'PING', 2, 80, 'a', 'm2', 1]], [[0, 'b', 'PING', 'm1'], [2, 'b', 'PING', 'm2']], { lost }),
    crashes, partitions,
  });
  return model;
}

test('what an engine recorded of a loss counts', () => {
  const said = (cause) => {
    const lost = [['a', 'b', 'm1', 'as it says', cause]];
    return fate(unreceived({ lost, crashes: [{ peer: 'b', at: 5, happened: 'crash' }] }), 0, '');
  };
  assert.deepEqual(['lost', 'cut', 'down'].map(said),
    ['lost: as it says', 'cut: as it says', 'down: as it says']);
  assert.equal(said('undelivered'), 'down: as it says', 'the receiver had crashed');
  const lost = [['a', 'b', 'm1', 'closed', 'undelivered']];
  assert.equal(fate(unreceived({ lost }), 0, ''), 'lost: closed');
});

test('a message is under way, or not known to have arrived, where nothing says more', () => {
  assert.equal(fate(unreceived({}), 0, 'under way when the run ended'), 'under way when the run ended');
  assert.equal(fate(unreceived({}), 0, ''), 'never arrived');
});

test('the first fault that a message met is why it never arrived, if that is certain', () => {
  const crash = (peer, at, happened = 'crash') => ({ peer, at, happened });
  const down = 'down: b had crashed';
  const cut = 'cut: no message passed from a to b';
  for (const [faults, expected] of [
    [{ crashes: [crash('b', 5)] }, down],
    [{ crashes: [crash('b', 20)] }, down],
    // It was up again before the message was sent.
    [{ crashes: [crash('b', 1), crash('b', 9, 'restart')] }, 'never arrived'],
    // After its restart it heard of a again, so what was sent before does not come.
    [{ crashes: [crash('b', 20), crash('b', 60, 'restart')] }, down],
    // After this one it heard nothing: the message may be under way.
    [{ crashes: [crash('b', 20), crash('b', 90, 'restart')] }, 'never arrived'],
    // What a had not sent yet is lost in its own crash.
    [{ crashes: [crash('a', 15), crash('b', 20)] }, 'never arrived'],
    [{ crashes: [crash('a', 25), crash('b', 20)] }, down],
    [{ partitions: [part(['b'], ['a'], 5, 'cut')] }, cut],
    [{ partitions: [part(['a'], ['b', 'c'], 20)] }, cut],
    [{ partitions: [part(['c'], ['a', 'b'], 5)] }, 'never arrived'],
    // What was held came when the link healed.
    [{ partitions: [part(['a'], ['b'], 5, 'cut'), part(['a'], ['b'], 30, 'heal')] },
      'never arrived'],
    [{ crashes: [crash('b', 20)], partitions: [part(['a'], ['b'], 15, 'cut')] }, cut],
    [{ crashes: [crash('b', 20)], partitions: [part(['a'], ['b'], 25, 'cut')] }, down],
  ]) assert.equal(fate(unreceived(faults), 0, ''), expected, JSON.stringify(faults));
});
