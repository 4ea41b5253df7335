// The parts of the space-time diagram that need no browser: cuts, places,
// addresses, keys and the search.
//
//   node --test diagram.test.mjs

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { arrange } from '../../dashboards/viewer/diagram/layout.js';
import { drawAxis } from '../../dashboards/viewer/diagram/paint-frame.js';
import { searchSteps } from '../../dashboards/viewer/diagram/step-search.js';
import { read, write } from '../../dashboards/viewer/diagram/settings.js';
import { diff, stateOf } from '../../dashboards/viewer/diagram/state-diff.js';
import { stepByKey } from '../../dashboards/viewer/diagram/arrow-keys.js';
import { fit, frameOf, pan, reveal, tickText, ticks, zoom } from '../../dashboards/viewer/diagram/view.js';
import { stepInWords } from '../../dashboards/viewer/diagram/descriptions.js';
import { Model } from '../../dashboards/viewer/model.js';
import { answer, settings, whole } from './made.mjs';

const size = { width: 1000, height: 500 };

test('the axis says nothing where the edge or a button would cut it', () => {
  const model = whole();
  const layout = arrange(model, settings());
  const texts = (width, corner) => {
    const ends = [];
    const context = {
      measureText: (text) => ({ width: 6 * text.length }), beginPath() {}, moveTo() {}, lineTo() {},
      stroke() {},
      fillText: (text, x) => ends.push(x + 6 * text.length),
    };
    const shown = frameOf(layout, fit(layout), { width, height: 500 });
    drawAxis(context, { layout, theme: {}, size: { width, height: 500 }, model, corner }, shown);
    return ends;
  };
  const corner = { current: { offsetLeft: 700 } };
  assert.ok(texts(1000).some((end) => end > 700));
  assert.ok(texts(1000, corner).every((end) => end < 700));
  assert.ok(texts(390).length > 1, 'a narrow picture has a scale too');
});

test('rows are peers in order; grouped ones share the last row', () => {
  const model = whole();
  const named = (change) => arrange(model, settings(change)).rows.map(({ name }) => name);
  assert.deepEqual(named({}), ['a', 'b', 'c']);
  assert.deepEqual(named({ hidden: new Set([1]) }), ['a', 'c']);
  assert.deepEqual(named({ grouped: new Set([0, 2]) }), ['b', '2 peers']);
  assert.deepEqual([...arrange(model, settings({ grouped: new Set([0, 2]) })).rowOf], [1, 0, 1]);
});

test('a peer that has a name besides is called by both', () => {
  const model = whole();
  model.peers.splice(0, 2, 'peer-01', 'peer-7');
  const { rows } = arrange(model, settings({ names: ['n0', 'n1'] }));
  assert.deepEqual(rows.map(({ label }) => label).sort(), ['c', 'n1 peer-01', 'peer-7']);
  assert.deepEqual(rows.map(({ name }) => name).sort(), ['c', 'peer-01', 'peer-7']);
});

test('logical time gives a column to each clock that is shown', () => {
  const model = whole();
  const all = arrange(model, settings({ axis: 'logical' }));
  assert.deepEqual(all.column, [1, 2, 3]);
  assert.deepEqual([...all.x], [1, 1, 1, 2, 2, 3, 3]);
  // Only c is left, whose clocks are 1 and 3.
  const one = arrange(model, settings({ axis: 'logical', hidden: new Set([0, 1]) }));
  assert.deepEqual(one.column, [1, 3]);
  assert.deepEqual([...one.lines[2].xs], [1, 2]);
});

test('local steps and kinds of messages can be left out', () => {
  const model = whole();
  const layout = arrange(model, settings({ local: false, silent: new Set([model.kinds.indexOf('PING')]) }));
  assert.deepEqual([...layout.lines[1].steps].map((s) => model.spans[s]), ['b2']);
  assert.deepEqual([...layout.drawn], [0, 0, 1, 1]);
  assert.equal(layout.broken, true);
});

test('a clock that was set back leaves the line in order', () => {
  const model = new Model();
  model.append(answer([['a', 'start', 1, 10], ['a', 'timer', 2, 4], ['a', 'timer', 3, 20]]));
  assert.deepEqual([...arrange(model, settings()).lines[0].xs], [10, 10, 20]);
});

test('zoom keeps the place under the pointer, pan keeps something in sight', () => {
  const layout = { ...arrange(whole(), settings()), begin: 0, finish: 1000 };
  const view = fit(layout);
  const at = frameOf(layout, view, size).fromX(400);
  const closer = zoom(layout, view, 0.5, at);
  assert.ok(Math.abs(frameOf(layout, closer, size).toX(at) - 400) < 1e-6);
  assert.equal(closer.span, view.span / 2);
  assert.equal(zoom(layout, view, 1e-9, at).span, 50);
  assert.ok(pan(layout, view, 1e9).start < layout.finish);
  assert.ok(pan(layout, view, -1e9).start + view.span > layout.begin);
});

test('reveal moves no more than it must', () => {
  const layout = { ...arrange(whole(), settings()), begin: 0, finish: 1000 };
  const view = { start: 0, span: 100, top: 0, row: 0 };
  assert.equal(reveal(layout, view, 50, 0, size), view);
  assert.equal(reveal(layout, view, 500, 0, size).start, 450);
});

test('ticks stand at round places', () => {
  assert.deepEqual(ticks(0, 10, 5), { step: 2, places: [0, 2, 4, 6, 8, 10] });
  assert.deepEqual(ticks(3, 4, 2).places, [3, 3.5, 4]);
  assert.equal(tickText(1_500_000, 500_000, 2_000_000), '1.5 ms');
  assert.equal(tickText(12_000_000_000, 1e9, 2e10), '12 s');
  assert.equal(tickText(-0.0001, 100, 900), '0 ns');
});

test('an address says what is shown, and is read back', () => {
  const model = whole();
  const shown = {
    step: model.stepOf('b2'), message: 1, peer: 2, unfound: {}, axis: 'logical', cut: 'own', at: '3..2',
    hidden: new Set([1]),
    grouped: new Set([0, 2]), silent: new Set([model.kinds.indexOf('PONG')]), local: false, view: [-1.5, 20],
  };
  const address = new URLSearchParams(write(shown, model));
  assert.deepEqual(read(new URLSearchParams(address.toString()), model), shown);
  const plain = read(new URLSearchParams('step=nonsense&message=a&peer=x&hide=,%25,&view=5_1&axis=up'),
    model);
  assert.deepEqual(plain, {
    step: -1, message: -1, peer: -1, unfound: { step: 'nonsense', message: 'a', peer: 'x' }, axis: 'time',
    cut: '', at: '',
    hidden: new Set(), grouped: new Set(), silent: new Set(), local: true, view: null,
  });
  // Names that are not found stay in the address: more of the run may come.
  assert.deepEqual(Object.entries(write(plain, model)).filter(([, text]) => text),
    [['step', 'nonsense'], ['message', 'a'], ['peer', 'x']]);
  assert.deepEqual(Object.values(write({ ...plain, unfound: {} }, model)).filter(Boolean), []);
});

test('names with commas and colons survive the address', () => {
  const model = new Model();
  model.append(answer([['a,b:c%', 'start', 1, 0], ['d', 'PING', 1, 5, 'a,b:c%', 'm', 0]],
    [[0, 'd', 'PING', 'm']]));
  const shown = { ...read(new URLSearchParams(), model), hidden: new Set([0]), message: 0 };
  assert.deepEqual(read(new URLSearchParams(write(shown, model)), model), shown);
});

test('the keys lead along causes, lines and messages', () => {
  const model = whole();
  const layout = arrange(model, settings());
  const go = (from, key, shiftKey = false, where = layout) => {
    const to = stepByKey({ key, shiftKey },
      { model, layout: where, view: fit(where), step: model.stepOf(from) });
    return to >= 0 ? model.spans[to] : to;
  };
  assert.equal(go('nobody', 'ArrowRight'), 'a1');
  assert.equal(go('nobody', 'ArrowLeft'), 'a3');
  assert.equal(go('a1', 'ArrowRight'), 'b1');
  assert.equal(go('a1', 'ArrowLeft'), -1);
  assert.equal(go('a1', 'ArrowRight', true), 'a2');
  assert.equal(go('a3', 'ArrowRight', true), -1);
  assert.equal(go('a1', 'ArrowDown'), 'b2');
  assert.equal(go('b2', 'ArrowDown'), 'a3');
  assert.equal(go('c2', 'ArrowDown'), -1);
  assert.equal(go('a3', 'ArrowUp'), 'b2');
  assert.equal(go('b1', 'ArrowUp'), -1);
  assert.equal(go('a2', 'Home'), 'a1');
  assert.equal(go('a2', 'End'), 'a3');
  assert.equal(go('a2', 'x'), undefined);
  // Hidden peers and local steps are passed over.
  const few = arrange(model, settings({ local: false, hidden: new Set([0]) }));
  assert.equal(go('nobody', 'ArrowRight', false, few), 'b2');
  assert.equal(go('b2', 'ArrowRight', false, few), 'c2');
});

test('a step that sent to several peers leads to each of them', () => {
  const model = new Model();
  model.append(answer([['a', 'start', 1, 0], ['b', 'PING', 1, 5, 'a', 'x', 0],
    ['c', 'PING', 1, 6, 'a', 'y', 0]],
    [[0, 'b', 'PING', 'x'], [0, 'c', 'PING', 'y']]));
  const layout = arrange(model, settings());
  const go = (step, key) => stepByKey({ key, shiftKey: true }, { model, layout, view: fit(layout), step });
  assert.equal(go(1, 'ArrowDown'), 2);
  assert.equal(go(2, 'ArrowUp'), 1);
  assert.equal(go(2, 'ArrowDown'), -1);
});

test('the search finds by peer, kind and text, all words of it', async () => {
  const model = whole();
  const found = async (text) => (await searchSteps(model, text)).steps.map((s) => model.spans[s]);
  assert.deepEqual(await found(''), []);
  assert.deepEqual(await found('start'), ['a1', 'b1', 'c1']);
  assert.deepEqual(await found('ping b'), ['b2']);
  assert.deepEqual(await found('says m2'), ['c2']);
  assert.deepEqual(await found('done'), ['a3']);
  // What never arrived is found where it was sent.
  assert.deepEqual(await found('m4'), ['c2']);
  assert.deepEqual(await found('nothing like it'), []);
  const timed = new Model();
  timed.append(answer([['a', 'timer', 1, 0], ['a', 'timer', 2, 1]], [], { timers: { a2: 'Election' } }));
  assert.deepEqual((await searchSteps(timed, 'election')).steps, [1]);
});

test('a value is found whole', async () => {
  const model = new Model();
  const made = answer([['a', 'start', 1, 0], ['b', 'PING', 1, 5, 'a', 'x', 0],
    ['b', 'PING', 2, 6, 'a', 'y', 1]],
    [[0, 'b', 'PING', 'x'], [0, 'b', 'PING', 'y']]);
  made.sends.text = ['id=0/1 amount=5', 'id=0/2 amount=50'];
  model.append(made);
  assert.deepEqual((await searchSteps(model, 'amount=5')).steps.map((s) => model.spans[s]), ['b1']);
});

test('a state is shown as its changes', () => {
  const attribute = (key, text) => ({ key, text });
  const state = stateOf([attribute('state.balance', '90'), attribute('p2p.step', '4'),
    attribute('state.x', '1')]);
  assert.deepEqual(diff(new Map([['balance', '100'], ['y', '2'], ['x', '1']]), state), [
    { name: 'balance', before: '100', after: '90', changed: true },
    { name: 'x', before: '1', after: '1', changed: false },
    { name: 'y', before: '2', after: undefined, changed: true },
  ]);
});

test('a step in words', () => {
  const model = whole();
  assert.equal(stepInWords(model, model.stepOf('b2')),
    'Step 2 of b: PING from a, which says says m1, after 20 ns, Lamport clock 2. Sends PONG to a.');
  const other = new Model();
  other.append(answer([['a', 'timer', 1, 0]], [],
    { timers: { a1: 'Election' }, said: [[0, 'Leads', 'term=2']] }));
  assert.equal(stepInWords(other, 0),
    'Step 1 of a: timer Election, after 0, Lamport clock 1. Sends nothing. Outputs Leads term=2.');
});
