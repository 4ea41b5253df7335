// What is the same on the whole page: colours of kinds, spans without an end, the
// conditions of a search, and which keys a view may take.
//
//   node --test page.test.mjs

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { contrast, leastAlpha } from '../../dashboards/viewer/diagram/contrast.js';
import { isFree } from '../../dashboards/viewer/keys.js';
import { eventsOf, readTrace } from '../../dashboards/viewer/otlp.js';
import { kindColour } from '../../dashboards/viewer/palette.js';
import { Player } from '../../dashboards/viewer/topology/player.js';
import { isNarrowed } from '../../dashboards/viewer/traces/trace-search.js';

test('kinds that come together have colours far apart', () => {
  const snapshots = ['TRANSFER', 'TOKEN', 'ITEM']
    .map((kind) => [kind, 'MARKER', 'FINISHED', 'ANNOUNCE', 'REQUEST']);
  for (const kinds of [...snapshots, ['JOB', 'SIGNAL'], ['ELECTION', 'ELECTED'], ['PING', 'PONG'],
    ['REQUEST', 'REPLY'], ['EXPLORER', 'ECHO']]) {
    const hues = kinds.map((kind) => Number(kindColour(kind)['--hue'])).sort((a, b) => a - b);
    hues.forEach((hue, i) => {
      const apart = (hues[(i + 1) % hues.length] - hue + 360) % 360;
      assert.ok(apart >= 60, `${kinds}: ${hues}`);
    });
  }
});

test('contrast is as WCAG counts it, and an ink is as opaque as it must be', () => {
  const [black, white, grey] = [[0, 0, 0], [255, 255, 255], [119, 119, 119]];
  assert.equal(contrast(black, white), 21);
  assert.ok(Math.abs(contrast(grey, white) - 4.48) < 0.01);
  assert.equal(leastAlpha(white, white), 1);
  const alpha = leastAlpha(black, white, 3);
  const seen = [0, 1, 2].map(() => 255 * (1 - alpha));
  assert.ok(Math.abs(contrast(seen, white) - 3) < 0.01, `${alpha}`);
});

const traced = (...spans) => readTrace([{ scopeSpans: [{ spans: spans.map(([start, end], i) => ({
  traceId: 'f1', spanId: String(i), name: 'x', startTimeUnixNano: start, endTimeUnixNano: end,
})) }] }]);

test('a span without an end, or with one before its start, takes no time and says so', () => {
  for (const [end, unended] of [[undefined, 'no end'], ['0', 'no end'],
    ['1699999999000000000', 'ends before it starts'],
    ['1700000000000000000', ''], ['1700000000000000009', '']]) {
    const { spans: [span], length } = traced(['1700000000000000000', end]);
    assert.equal(span.unended, unended, String(end));
    assert.equal(span.duration, unended ? 0 : length);
    assert.ok(length >= 0);
  }
});

test('what happened within a span without a time counts as at its beginning and says so', () => {
  const events = [undefined, '0', '999', '1000', '1007'].map((timeUnixNano) => ({ name: 'x', timeUnixNano }));
  assert.deepEqual(eventsOf({ from: 1000n, raw: { events } }).map(({ after, untimed }) => [after, untimed]),
    [[0, 'no time'], [0, 'no time'], [0, 'before the span'], [0, ''], [7, '']]);
});

test('a search is narrowed by any condition, and not by the limit', () => {
  const all = { service: '', operation: '', tags: {}, shortest: '', longest: '', after: '', before: '',
    limit: 5 };
  assert.equal(isNarrowed(all), false);
  for (const condition of [{ service: 'a' }, { operation: 'b' }, { tags: { c: 'd' } }, { shortest: '5' },
    { after: 'e' }]) {
    assert.equal(isNarrowed({ ...all, ...condition }), true, JSON.stringify(condition));
  }
});

// An element that these selectors find.
const element = (...names) => ({
  matches: (selector) => names.some((name) => selector.split(', ').includes(name)),
  closest(selector) { return this.matches(selector) ? this : null; },
});

test('keys are the view\'s, but for what the focused control needs', () => {
  const scrolls = { matches: (selector) => selector.includes('[tabindex="0"]'), closest: () => null };
  for (const [key, target, free, more] of [
    ['f', element(), true], ['f', element('button'), true], ['f', element('select'), false],
    ['f', element('textarea'), false],
    ['ArrowDown', element('button'), true], ['ArrowDown', scrolls, false], ['f', scrolls, true],
    [' ', element(), true], [' ', element('button'), false], [' ', element('a'), false],
    ['c', element(), false, { ctrlKey: true }], ['?', element(), false, { defaultPrevented: true }],
  ]) assert.equal(isFree({ key, target, ...more }), free, `${key} ${JSON.stringify(more ?? '')}`);
});

test('what is followed jumps to the end where nothing is to move', () => {
  for (const [calm, at] of [[true, 100], [false, 0]]) {
    const player = new Player(() => calm);
    Object.assign(player, { begin: 0, end: 100, at: 0, following: true, live: true });
    player.advance(0);
    assert.equal(player.at, at);
  }
});
