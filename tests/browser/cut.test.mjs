// Cuts: how they are judged, and when they cannot be.
//
//   node --test cut.test.mjs

import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as cuts from '../../dashboards/viewer/diagram/cut.js';
import { holes, missingBefore, missingFrom, pending } from '../../dashboards/viewer/diagram/completeness.js';
import { arrange } from '../../dashboards/viewer/diagram/layout.js';
import { arrowsInSight } from '../../dashboards/viewer/diagram/paint-arrows.js';
import {
  absent, choose, cutStatus, violations, whyAborted,
} from '../../dashboards/viewer/diagram/snapshots.js';
import { fit, frameOf } from '../../dashboards/viewer/diagram/view.js';
import { Model } from '../../dashboards/viewer/model.js';
import { SENDS, STEPS, answer, whole } from './made.mjs';

const snapshot = (change = {}) => ({
  snapshot: '0/0', began: 0, recorded: [], finished: ['a', 'b', 'c'], unreadable: [], channels: [],
  complete: ['a'],
  aborted: [], stopped: [], ...change,
});
const channel = (from, to, ...messages) => ({ from, to, messages });

test('a cut knows what is in flight, what is lost and what is against it', () => {
  const model = whole();
  const cut = (...counts) => cuts.inspect(model, Int32Array.from(counts));
  const nothing = { flying: [], lost: [], control: [], orphans: [], whole: true };
  // Nothing; m1 in flight; m2 and m1; all is over.
  assert.deepEqual(cut(0, 0, 0), nothing);
  assert.deepEqual(cut(1, 1, 1), { ...nothing, flying: [0] });
  assert.deepEqual(cut(2, 0, 1), { ...nothing, flying: [0, 1] });
  assert.deepEqual(cut(3, 2, 2), { ...nothing, lost: [3] });
  // a has received m3, and b has not sent it.
  assert.deepEqual(cut(3, 1, 1), { ...nothing, flying: [0, 1], orphans: [2] });
  // Where it does not meet b, nothing is known of b's channels.
  assert.deepEqual(cut(3, -1, 1), { ...nothing, flying: [1], whole: false });
});

test('what a snapshot algorithm sends for itself is in flight in no cut, and against none', () => {
  const model = new Model();
  model.append(answer(STEPS, SENDS.map((send) => [...send, 1])));
  const cut = (...counts) => cuts.inspect(model, Int32Array.from(counts));
  assert.deepEqual(cut(2, 0, 1), { flying: [], lost: [], control: [0, 1], orphans: [], whole: true });
  assert.deepEqual(cut(3, 1, 1), { flying: [], lost: [], control: [0, 1, 2], orphans: [], whole: true });
});

test('a message received twice is in flight once', () => {
  const model = new Model();
  model.append(answer([['a', 'start', 1, 0], ['b', 'PING', 1, 5, 'a', 'm', 0],
    ['b', 'PING', 2, 9, 'a', 'm', 0]],
    [[0, 'b', 'PING', 'm']]));
  assert.deepEqual(cuts.inspect(model, Int32Array.of(1, 0)).flying, [0]);
});

test('a snapshot cuts before the steps that recorded it', () => {
  const model = whole();
  const cut = cuts.ofSnapshot(model,
    { recorded: [{ peer: 'a', step: 3 }, { peer: 'c', step: 2 }, { peer: 'nobody', step: 1 }] });
  assert.deepEqual([...cut], [2, -1, 1]);
  assert.equal(cuts.toText(model, cut), '3..2');
  assert.deepEqual([...cuts.fromText(model, '3..2')], [2, -1, 1]);
  assert.deepEqual([...cuts.fromText(model, cuts.toText(model, Int32Array.of(3, 0, 2)))], [3, 0, 2]);
});

test('a text that names no cut of the run says why', () => {
  const model = whole();
  for (const text of ['', '3..2', '3.0.2', '1', '1.2.2']) assert.equal(cuts.notACut(model, text), null, text);
  assert.match(cuts.notACut(model, '1.2.2.1'), /of 4 peers, and this run has 3/);
  assert.match(cuts.notACut(model, '1.7.2'), /b has no step 7/);
  assert.match(cuts.notACut(model, '1.x.2'), /not written as numbers/);
  assert.match(cuts.notACut(model, '1.-2.2'), /not written as numbers/);
});

test('what a snapshot recorded is held against what the trace shows', () => {
  const model = whole();
  const { flying } = cuts.inspect(model, Int32Array.of(2, 0, 1));
  const compare = (change) => cuts.compare(model, flying, snapshot(change));
  const both = [channel('a', 'b', 'says m1'), channel('a', 'c', 'says m2')];
  assert.deepEqual(compare({ channels: both }), { recorded: [0, 1], missed: [], open: [], unseen: [] });
  assert.deepEqual(compare({ channels: [channel('a', 'b', 'says m1', 'says m1', 'says m9')] }), {
    recorded: [0], missed: [1], open: [],
    unseen: [{ from: 'a', to: 'b', text: 'says m1' }, { from: 'a', to: 'b', text: 'says m9' }],
  });
  assert.deepEqual(cuts.byChannel(model, [3, 1, 0]), [
    { from: 0, to: 1, messages: [0] }, { from: 0, to: 2, messages: [1] }, { from: 2, to: 1, messages: [3] }]);
});

test('what a receiver did not report, or not so that it can be read, was not missed', () => {
  const model = whole();
  const { flying } = cuts.inspect(model, Int32Array.of(2, 0, 1));
  const compare = (change) => cuts.compare(model, flying, snapshot(change));
  const open = { recorded: [], missed: [], open: [0, 1], unseen: [] };
  assert.deepEqual(compare({ finished: [] }), open);
  assert.deepEqual(compare({ unreadable: ['b', 'c'] }), open);
  assert.deepEqual(compare({ finished: ['b'] }), { ...open, missed: [0], open: [1] });
  // The readable part of a truncated list counts.
  assert.deepEqual(compare({ unreadable: ['b', 'c'], channels: [channel('a', 'b', 'says m1')] }),
    { ...open, recorded: [0], open: [1] });
});

test('texts are compared as far as the page has them', () => {
  const model = whole();
  const { flying } = cuts.inspect(model, Int32Array.of(2, 0, 1));
  const recorded = (text) =>
    cuts.compare(model, flying, snapshot({ channels: [channel('a', 'b', text)] })).recorded;
  // Lai and Yang add to what the application says.
  model.texts[0] = 'says m1 recorded=[]';
  assert.deepEqual(recorded('says m1'), [0]);
  assert.deepEqual(recorded('says m'), []);
  model.texts[0] = 'says a long …';
  assert.deepEqual(recorded('says a long text'), [0]);
  assert.deepEqual(recorded('says another text'), []);
  model.texts[0] = 'says m1 recorded=[0/0, 0/1, …';
  assert.deepEqual(recorded('says m1'), [0]);
});

test('a step that is missing before the cut is seen, and one behind it is no matter', () => {
  const model = new Model();
  model.append(answer([['a', 'start', 1, 0], ['a', 'timer', 2, 1], ['a', 'timer', 5, 4], ['b', 'timer', 2, 1],
    ['b', 'timer', 3, 2]]));
  const missing = (...counts) => missingBefore(model, Int32Array.from(counts));
  assert.deepEqual(missing(2, 2), []);
  assert.deepEqual(missing(3, 0), [{ name: 'a', steps: 2 }]);
  assert.deepEqual(missing(-1, 2), [], 'a first step that does nothing leaves no span');
  assert.equal(holes(model), 2);
  const recorded = (...steps) => {
    const all = ['a', 'b'].map((peer, i) => ({ peer, step: steps[i] }));
    return missingBefore(model, cuts.ofSnapshot(model, { recorded: all }), all);
  };
  assert.deepEqual(recorded(2, 3), []);
  assert.deepEqual(recorded(5, 2), [{ name: 'a', steps: 2 }]);
  // The steps that recorded are not read yet, and with them what came before.
  assert.deepEqual(recorded(2, 9), [{ name: 'b', steps: 6 }]);
  // A peer that recorded its state, but has no steps in the model.
  assert.deepEqual(missingBefore(model, Int32Array.of(2, 2), [{ peer: 'z', step: 4 }]),
    [{ name: 'z', steps: 4 }]);
  assert.equal(holes(whole()), 0);
  assert.equal(missingFrom(whole(), { spans: { lost: 0 } }), '');
  assert.equal(missingFrom(model, { spans: { lost: 1 } }), '2 steps and 1 span');
});

test('a message without a receipt never arrived only where all of the run is there', () => {
  const model = whole();
  const over = { live: false, evicted: 0 };
  assert.equal(pending(model, { spans: { lost: 0 } }, over, true), '');
  assert.equal(pending(model, {}, { live: true }, true), 'under way');
  for (const [engine, expected] of [['live', ''], ['simulator', 'under way when the run ended'],
    ['model checker', 'under way when the run ended']]) {
    assert.equal(pending(model, { experiment: { options: { engine } } }, over, true), expected, engine);
  }
  assert.equal(pending(model, {}, over, false), 'not read yet');
  assert.equal(pending(model, {}, { ...over, spans: 8 }, true), 'not read yet',
    'the run ended with more than is read');
  assert.equal(pending(model, {}, { ...over, spans: 7 }, true), '');
  assert.match(pending(model, { spans: { lost: 2 } }, over, true), /no receipt was recorded/);
  assert.match(pending(model, {}, { ...over, evicted: 3 }, true), /no receipt was recorded/);
  model.append(answer([], [], { left: 5 }));
  assert.match(pending(model, {}, over, true), /not in this report/);
});

test('a cut is judged only where the snapshot is complete and all before it is there', () => {
  const all = { reading: false, missing: [] };
  const aborted = [{ peer: 'a', missing: ['b'] }];
  for (const [one, change, expected] of [
    [snapshot(), {}, 'known'],
    [null, {}, 'known'],
    [snapshot(), { reading: true }, 'reading'],
    [snapshot(), { missing: [{ name: 'a', steps: 1 }] }, 'missing'],
    [null, { missing: [{ name: 'a', steps: 1 }] }, 'missing'],
    [snapshot({ complete: [], aborted }), {}, 'aborted'],
    [snapshot({ complete: [] }), {}, 'open'],
    [snapshot({ aborted }), {}, 'known'],
    [snapshot({ complete: [] }), { reading: true }, 'reading'],
  ]) assert.equal(cutStatus(one, { ...all, ...change }), expected);
});

test('an aborted snapshot distinguishes what each missing peer lacked', () => {
  assert.deepEqual(whyAborted(snapshot({
    complete: [], aborted: [{ peer: 'a', missing: ['a', 'b', 'c', 'd'] }, { peer: 'b', missing: [] }],
    recorded: [{ peer: 'a' }, { peer: 'b' }, { peer: 'c' }], finished: ['c'],
  })), { by: ['a', 'b'], silent: ['d'], late: ['a', 'b'], unheard: ['c'] });
});

const many = [['0/0', 5], ['0/2', 30], ['0/10', 90], ['1/0', 80]]
  .map(([id, began]) => snapshot({ snapshot: id, began }));

test('the panel follows the newest snapshot of a run that goes on, and stays with one that is named', () => {
  const shown = (name, change) =>
    choose(many, name, { live: false, run: null, followed: false, ...change })?.snapshot;
  assert.equal(shown('', { live: true }), '0/10');
  assert.equal(shown('0/2', { live: true }), '0/2');
  assert.equal(shown(''), '0/0');
  assert.equal(shown('', { followed: true }), shown('', { live: true }), 'when the run has ended');
  assert.equal(shown('none'), undefined);
  assert.equal(shown('own', { live: true }), undefined);
  assert.equal(shown('9/9'), undefined);
  assert.equal(choose([], '', { live: true, followed: false }), null);
});

test('of a run that is wrong, the first snapshot that violates something is shown', () => {
  const run = { verdict: { status: 'fail' }, results: { properties: [
    { name: 'I1', violations: [] },
    { name: 'I3', violations: ['snapshot 0/10, channel from a to b: 2 markers'] },
    { name: 'I5', violations: ['snapshot 1/0: states 1 and channels 2', 'snapshot 0/10: states 3'] },
  ] } };
  const id = (name) => many.find(({ snapshot: one }) => one === name);
  assert.deepEqual(violations(run, id('0/10')), [
    { property: 'I3', text: 'channel from a to b: 2 markers' }, { property: 'I5', text: 'states 3' }]);
  assert.deepEqual(violations(run, { snapshot: '0/1' }), []);
  assert.deepEqual(violations(null, id('0/0')), []);
  assert.deepEqual(violations({ ...run, verdict: { status: 'unknown' } }, id('0/10')), []);
  assert.equal(choose(many, '', { live: false, run, followed: false }).snapshot, '0/10');
});

test('a snapshot in the address that does not exist is reported', () => {
  const report = (name, change) => absent(many, name, { live: false, wrong: null, ...change });
  for (const name of ['', 'own', 'none', '0/2']) assert.equal(report(name), null, name);
  assert.match(report('9/9'), /no snapshot 9\/9; its snapshots are 0\/0 to 1\/0/);
  assert.match(report('9/9', { live: true }), /as yet no snapshot/);
  assert.match(report('own', { wrong: 'b has no step 7' }), /no cut of this run: b has no step 7/);
  assert.match(absent([], '9/9', { live: false, wrong: null }), /no other/);
  assert.equal(absent(null, '9/9', { live: false, wrong: null }), null, 'not read yet');
});

test('however many messages cross a cut, a frame draws a few thousand of them', () => {
  const model = new Model();
  const many = 20_000;
  model.append(answer([['a', 'start', 1, 0], ['b', 'timer', 1, 50]],
    Array.from({ length: many }, (_, i) => [0, 'b', 'PING', `m${i}`])));
  const layout = arrange(model,
    { axis: 'time', hidden: new Set(), grouped: new Set(), silent: new Set(), local: true });
  const shown = frameOf(layout, fit(layout), { width: 1000, height: 500 });
  const sight = (highlighted, moving) => arrowsInSight({ layout, model, marks: { highlighted }, moving },
    shown);
  const highlighted = new Uint8Array(many).fill(1);
  for (const [moving, most] of [[false, 4000], [true, 1000]]) {
    const all = sight(highlighted, moving);
    assert.equal(all.all, many);
    assert.equal(all.arrows.length, 0);
    assert.ok(all.highlighted.length > most / 4 && all.highlighted.length <= most * 1.1, `${all.highlighted.length}`);
    assert.equal(all.part, many / most <= 8 ? 8 : 32);
  }
  // A few that stand out are all drawn, among however many others.
  const few = sight(Uint8Array.from({ length: many }, (_, m) => (m % 5000 === 0 ? 1 : 0)), true);
  assert.deepEqual(few.highlighted, [0, 5000, 10_000, 15_000]);
  assert.equal(few.arrows.length + few.highlighted.length < many, true);
});
