// The fields of the trace search, the alignment of two traces, and the answers of a report.
//
//   node --test traces.test.mjs

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { answerOf } from '../../dashboards/viewer/report-answers.js';
import { Model } from '../../dashboards/viewer/model.js';
import { serviceName, readTrace } from '../../dashboards/viewer/otlp.js';
import { align } from '../../dashboards/viewer/traces/align-traces.js';
import { lengthOf, momentOf, tagsOf } from '../../dashboards/viewer/traces/search-values.js';
import { answer } from './made.mjs';

test('tags', () => {
  assert.deepEqual(tagsOf(''), {});
  assert.deepEqual(tagsOf(' a=1  p2p.remote=peer-03 '), { a: '1', 'p2p.remote': 'peer-03' });
  assert.deepEqual(tagsOf('said="no \\"answer\\" came" b='), { said: 'no "answer" came', b: '' });
  assert.deepEqual(tagsOf('a=b=c'), { a: 'b=c' });
  for (const wrong of ['a', 'a="', '=1', 'a = 1', 'a="x"y']) {
    assert.throws(() => tagsOf(wrong), /key=value/, wrong);
  }
});

test('services that have no name have Jaeger\'s', () => {
  const named = (value) => serviceName({ attributes: [{ key: 'service.name', value }] });
  assert.deepEqual(
    [serviceName(null), serviceName({}), named({ stringValue: '' }), named({ intValue: '7' }),
      named({ stringValue: 'a' })],
    ['missing-service-name', 'missing-service-name', 'empty-service-name', 'service-name-wrong-type', 'a'],
  );
});

test('durations', () => {
  for (const [text, ns] of [
    ['', ''], ['0ns', '0'], ['100ms', '100000000'], ['1.2s', '1200000000'], ['35 µs', '35000'],
    ['1.5us', '1500'], ['2min', '120000000000'], ['1.5ns', '1'],
  ]) assert.equal(lengthOf(text), ns, text);
  for (const wrong of ['1', 's', '-1s', '1.s', '1h 2s']) {
    assert.throws(() => lengthOf(wrong), /no duration/, wrong);
  }
});

test('times', () => {
  const began = 1577836800000000000n;
  assert.equal(momentOf('', began), '');
  assert.equal(momentOf('1.5s', began), '2020-01-01T00:00:01.500000000Z');
  assert.equal(momentOf('2020-01-01T00:00:09Z', began), '2020-01-01T00:00:09Z');
  const local = new Date(2020, 0, 1, 9, 41, 7);
  assert.equal(momentOf('09:41:07.25', BigInt(local.setHours(0, 0, 0)) * 1000000n),
    new Date(2020, 0, 1, 9, 41, 7, 250).toISOString().replace('250Z', '250000000Z'));
  for (const wrong of ['soon', '9', '1:2:3:4']) assert.throws(() => momentOf(wrong, began), /no time/, wrong);
});

const trace = (spans) => readTrace([{ scopeSpans: [{ spans: spans.map(([id, parent, name, from]) => ({
  name, spanId: id.padStart(16, '0'), parentSpanId: parent && parent.padStart(16, '0'),
  startTimeUnixNano: String(from), endTimeUnixNano: String(from + 5),
})) }] }]);

test('two traces are aligned by their place in the tree', () => {
  const first = trace([['1', '', 'ping', 0], ['2', '1', 'PING', 10], ['3', '1', 'PING', 20],
    ['4', '2', 'PONG', 30]]);
  const second = trace([['a', '', 'ping', 0], ['b', '1a', '', 0], ['c', 'a', 'PING', 5],
    ['d', 'c', 'ERROR', 9]]);
  const lines = align(first, second).map(({ a, b, depth }) => `${depth} ${a?.name ?? '-'} ${b?.name ?? '-'}`);
  assert.deepEqual(lines, ['0 ping ping', '1 PING PING', '2 - ERROR', '2 PONG -', '1 PING -', '0 - ']);
});

test('a report answers from itself', () => {
  const spans = [{ spanId: 'b'.repeat(16), name: 'PING' }, { spanId: 'c'.repeat(16), name: 'PONG' }];
  const summary = (start, length, name) => ({
    minStartTimeUnixNano: String(start), maxEndTimeUnixNano: String(start + length), services: [{ name }],
  });
  const all = {
    '/api/run': { id: 'x' },
    '/api/diagram?after=0': { ...answer([['a', 'start', 1, 0]]), next: 7 },
    '/api/v3/trace-summaries': { summaries: [summary(2, 10, 'peer-00'), summary(1, 30, 'peer-01')] },
    [`/api/v3/traces/${'a'.repeat(32)}`]: { result: { resourceSpans: [{ resource: 1, scopeSpans: [{ spans }] }] } },
  };
  const ask = (path, parameters = {}) => answerOf(path, Object.entries(parameters), all);
  assert.equal(ask('/api/run').id, 'x');
  assert.throws(() => ask('/api/run', { run: 'y' }), /does not hold/);
  assert.throws(() => ask('/api/cuts'), /does not hold/);
  assert.deepEqual(ask('/api/diagram', { after: '0' }).steps.number, [1]);
  const nothing = ask('/api/diagram', { after: '7' });
  assert.deepEqual([nothing.next, nothing.more, new Model().append(nothing)], [7, false, false]);
  const search = (query) => ask('/api/v3/trace-summaries', query).summaries.length;
  assert.equal(search({ 'query.searchDepth': '1000' }), 2);
  assert.equal(search({ 'query.searchDepth': '1' }), 1);
  assert.equal(search({ 'query.serviceName': 'peer-01' }), 1);
  assert.equal(search({ 'query.durationMin': '11ns' }), 1);
  assert.equal(search({ 'query.startTimeMin': '1970-01-01T00:00:00.000000002Z' }), 1);
  assert.throws(() => search({ 'query.attributes': '{"a":"b"}' }), /finds traces by/);
  const found = ask(`/api/spans/${'a'.repeat(32)}/${'c'.repeat(16)}`);
  assert.deepEqual(found.result.resourceSpans, [{ resource: 1, scopeSpans: [{ spans: [spans[1]] }] }]);
});
