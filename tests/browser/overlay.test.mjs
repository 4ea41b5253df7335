// The links of an overlay over time, its components, and outages, as the page reads them from
// the outputs and states of a run.
//
//   node --test overlay.test.mjs

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { answer, settings } from './made.mjs';
import { outageInWords } from '../../dashboards/viewer/diagram/outage-words.js';
import { arrange } from '../../dashboards/viewer/diagram/layout.js';
import { hit } from '../../dashboards/viewer/diagram/hit-test.js';
import { drawOutages } from '../../dashboards/viewer/diagram/paint-outages.js';
import { outageKey } from '../../dashboards/viewer/diagram/use-flows.js';
import { fit, frameOf } from '../../dashboards/viewer/diagram/view.js';
import { linkEnds } from '../../dashboards/viewer/link-times.js';
import { Model } from '../../dashboards/viewer/model.js';
import { flowsAgain, outagesAt, outagesOf } from '../../dashboards/viewer/outages.js';
import { routesIn } from '../../dashboards/viewer/routes.js';
import { partedAt } from '../../dashboards/viewer/topology/faults.js';
import { momentsOf } from '../../dashboards/viewer/topology/moments.js';
import { networkOf } from '../../dashboards/viewer/topology/network.js';
import {
  componentsOf, lastSteps, overlayAt, withOverlay,
} from '../../dashboards/viewer/topology/overlay.js';
import {
  aboutLink, componentsInWords, linkInWords, partsInWords,
} from '../../dashboards/viewer/topology/overlay-words.js';

const list = (texts) => ({ arrayValue: { values: texts.map((stringValue) => ({ stringValue })) } });

const spanWith = (routes, links = []) => [{ scopeSpans: [{ spans: [{
  attributes: [{ key: 'state.links', value: list(links) }, { key: 'state.routes', value: list(routes) }],
}] }] }];

// a opens a link with b at 10, which b has from 12 on, and c one with b at 30. Between a and b
// nothing passes from 40 to 90: a notices at 60, b at 64, and b has a route again at 70. c restarts at 80.
const STEPS = [
  ['a', 'start', 1, 0], ['b', 'start', 1, 0], ['c', 'start', 1, 0],
  ['a', 'ACCEPT', 2, 10], ['b', 'OPEN', 2, 12], ['c', 'ACCEPT', 2, 30], ['b', 'OPEN', 3, 30],
  ['a', 'timer', 3, 60], ['b', 'timer', 4, 64], ['b', 'UPDATE', 5, 70], ['c', 'restart', 3, 80],
  ['a', 'timer', 4, 100], ['b', 'timer', 6, 100], ['c', 'timer', 4, 100],
];
const SAID = [
  [3, 'Opened', 'neighbour=b own=true'], [4, 'Opened', 'neighbour=a own=false'],
  [5, 'Opened', 'neighbour=b own=true'], [6, 'Opened', 'neighbour=c own=false'],
  [7, 'Closed', 'neighbour=b why=silent'], [8, 'Closed', 'neighbour=a why=silent'],
];

const partition = (one, other, at, until) => [
  { group: [one], others: [other], at, happened: 'partition' },
  { group: [one], others: [other], at: until, happened: 'heal' },
];

function run(said = SAID, partitions = [...partition('a', 'b', 40, 90), ...partition('c', 'a', 50, 95)]) {
  const model = new Model();
  model.append({ ...answer(STEPS, [], { said }), partitions });
  return model;
}

// As a request for a span is answered: by its step, the routes after it.
function serve(model, routes) {
  globalThis.fetch = async (path) => {
    const s = model.stepOf(/[^/]*$/.exec(path)[0]);
    const body = { result: { resourceSpans: spanWith(routes[s] ?? []) } };
    return { ok: s in routes, status: 404, text: async () => JSON.stringify(body) };
  };
}

test('an end has a link from its output on, until another one or a restart', () => {
  const end = (peer, other, own, from, to, isSilent) => ({ peer, other, own, from, to, isSilent });
  assert.deepEqual(linkEnds(run()), [
    end(0, 1, true, 3, 7, true), end(1, 0, false, 4, 8, true), end(1, 2, false, 6, -1, false),
    end(2, 1, true, 5, 10, false),
  ]);
  const routing = [[3, 'Opened', 'neighbour=b'], [7, 'Found', 'neighbour=b'], [11, 'Lost', 'neighbour=b']];
  assert.deepEqual(linkEnds(run(routing)).map(({ from, to, own }) => [from, to, own]), [[7, 11, null]],
    'routing uses a link that it has found');
  assert.deepEqual(linkEnds(run([[3, 'Leads', 'term=2']])), []);
});

test('a state has routes, and links that are drained', () => {
  const model = run();
  const span = spanWith(['b via b at 1', 'c via b at 2'], ['b own drains', 'c accepted']);
  const { via, drains } = routesIn(model, span);
  assert.deepEqual([...via], [[1, 1], [2, 1]]);
  assert.ok(drains.has(1) && !drains.has(2));
  assert.equal(routesIn(model, spanWith([]))?.via.size, 0);
  assert.equal(routesIn(model, [{ scopeSpans: [{ spans: [{ attributes: [] }] }] }]), null, 'not recorded');
});

test('the overlay at a moment has links with their age, routes and components', () => {
  const model = run();
  const moments = momentsOf(model, 'time');
  const network = networkOf([['a', 'b'], ['a', 'c'], ['b', 'c']], model);
  const at = (t, routes = [], dead = new Set()) => overlayAt(model, moments, t, network, dead, routes);
  assert.deepEqual(at(11).links.map(({ a, b, of }) => [a, b, of]), [[0, 1, 0]], 'b does not have it yet');
  assert.equal(componentsInWords(at(11)), 'in 3 components, of 1, 1 and 1 peers');
  const routes = [
    spanWith(['b via b at 1', 'c via b at 2']), spanWith(['a via a at 1'], ['c accepted drains']),
    spanWith([]),
  ].map((span) => routesIn(model, span));
  const overlay = at(35, routes);
  assert.deepEqual(overlay.links.map((link) => linkInWords(network.peers, link)), [
    'a – b: open for 23 ns, by a. 2 routes of a and 1 of b lead over it.',
    'b – c: open for 5 ns, by c. 0 routes of b and 0 of c lead over it. It is drained.',
  ]);
  assert.equal(componentsInWords(overlay), 'all in one component');
  const shown = withOverlay(network, { cut: new Set(['0 1', '0 2']), dead: new Set() }, overlay);
  assert.deepEqual(shown.network.edges, [[0, 1], [1, 2]]);
  assert.deepEqual([...shown.broken.cut], ['0 1'], 'of pairs without a link nothing is broken');
  assert.deepEqual(aboutLink(shown.network, '0 1'), ['open for 23 ns', '3 routes', false]);
  const [unread] = at(35).links;
  assert.equal(linkInWords(network.peers, unread), 'a – b: open for 23 ns, by a.', 'routes are not known');
  const parted = at(75);
  assert.deepEqual([...parted.component], [1, 0, 0]);
  assert.deepEqual(partsInWords(network.peers, parted), ['component of 2 peers', 'a alone']);
  assert.deepEqual([...at(75, [], new Set([1])).component], [0, -1, 1], 'who is down is in none');
  assert.deepEqual(lastSteps(model, moments, 65), [7, 8, 5]);
  assert.deepEqual(lastSteps(model, moments, -1), [-1, -1, -1]);
  const steps = overlayAt(model, momentsOf(model, 'steps'), 6, network, new Set());
  assert.deepEqual(steps.links.map(({ age }) => age), [18, 0], 'ages are times on both axes');
  const none = overlayAt(run([]), moments, 35, network, new Set());
  assert.equal(none, null, 'a run without links');
});

test('connections between the sides of a partition are cut while it lasts', () => {
  const model = run();
  const late = { group: ['c'], others: ['a', 'b'], at: 97, happened: 'partition' };
  model.append({ ...answer([]), partitions: [late] });
  const network = networkOf([['a', 'b'], ['b', 'c']], model);
  assert.deepEqual([30, 45, 92, 98].map((time) => partedAt(model, network, time)), [[], ['0 1'], [], ['1 2']],
    'a and c are not connected');
});

test('components are numbered by their sizes', () => {
  const links = [[4, 5], [3, 5], [0, 1]].map(([a, b]) => ({ a, b }));
  const { component, sizes } = componentsOf(7, links, new Set([6]));
  assert.deepEqual(sizes, [3, 2, 1]);
  assert.deepEqual([...component], [1, 1, 2, 0, 0, 0, -1]);
  assert.equal(componentsInWords({ sizes: [4, 1, 1, 1, 1] }), 'in 5 components, the largest of 4 peers');
});

test('an outage is used, noticed, and over for traffic once a route leads to the other end', async () => {
  const model = run();
  const [used, unused] = outagesOf(model);
  assert.deepEqual([used.isUsed, used.noticed], [true,
    [{ peer: 0, other: 1, step: 7 }, { peer: 1, other: 0, step: 8 }]]);
  assert.deepEqual([unused.isUsed, unused.noticed], [false, []], 'a and c have no link');
  assert.deepEqual(outagesAt(model, 0), [used]);
  const none = ['c via c at 1'];
  serve(model, { 7: none, 8: none, 9: ['a via c at 2'], 11: none });
  const flows = await flowsAgain(model, used);
  assert.deepEqual(flows, { peer: 1, other: 0, via: 2, step: 9 });
  const words = (outage, all) => outageInWords(model, outage, new Map(all));
  const begin = 'a – b: out from 40 ns to 90 ns, for 50 ns. a noticed after 20 ns, b noticed after 24 ns.';
  assert.equal(words(used, []), begin);
  assert.equal(words(used, [[outageKey(used), flows]]),
    `${begin} Traffic flowed again after 30 ns: a route of b led to a over c.`);
  assert.match(words(unused, []), /^c – a: out from 50 ns to 95 ns, for 45 ns. They had no link/);
  const again = run();
  serve(again, { 7: none, 8: none, 9: none, 11: none });
  assert.equal(await flowsAgain(again, outagesOf(again)[0]), null);
  const unread = run();
  serve(unread, { 7: none });
  assert.equal(await flowsAgain(unread, outagesOf(unread)[0]), undefined, 'a state is missing');
  const replaced = run(SAID.map(([s, kind, text]) => [s, kind, text.replace('silent', 'replaced')]));
  assert.deepEqual(outagesOf(replaced)[0].noticed, []);
});

test('an outage is a band at both ends, and the moment a mark in it', () => {
  const model = run();
  const [used] = outagesOf(model);
  const size = { width: 500, height: 500 };
  for (const axis of ['time', 'logical']) {
    const marks = [];
    const nothing = () => {};
    const context = {
      fillRect: nothing, beginPath: nothing, stroke: nothing, fill: nothing, setLineDash: nothing,
      moveTo: nothing, lineTo: nothing, arc: (x, y) => marks.push([x, y]),
    };
    const layout = arrange(model, settings({ axis }));
    const frame = frameOf(layout, fit(layout), size);
    const flows = new Map([[outageKey(used), { peer: 1, other: 0, via: 2, step: 9 }]]);
    const scene = { model, layout, size, theme: {}, flows, marks: { peer: -1 } };
    const boxes = drawOutages(context, scene, frame);
    const bands = boxes.filter(({ outage }) => outage === used);
    assert.equal(marks.length, 2);
    assert.equal(context.globalAlpha, 1);
    for (const [i, [x, y]] of marks.entries()) {
      const band = bands[i];
      assert.ok(band.left < x && x <= band.right && y === band.y);
      assert.ok(frame.toY(i) < y && y < frame.toY(i) + frame.row / 2, 'below the line of its peer');
    }
    const painted = { frame, handles: [], marks: [], outages: boxes, sight: { highlighted: [], arrows: [] } };
    assert.equal(hit(scene, painted, bands[0].right - 2, bands[0].y)?.outage, used);
  }
});
