// The violations of a failed run in the space-time diagram.
//
//   node --test violations.test.mjs

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parts, violated } from '../../dashboards/viewer/diagram/violations.js';
import { Model } from '../../dashboards/viewer/model.js';
import { answer } from './made.mjs';

const results = { properties: [
  { name: 'election safety', checked: 3, violations: ['after b (step 2): a and b lead term 1'] },
  { name: 'log matching', checked: 3, violations: [] },
] };

test('a violation names its property and its steps', () => {
  const model = new Model();
  model.append(answer([['a', 'start', 1, 0], ['b', 'start', 1, 0], ['b', 'timer', 2, 10]]));
  const [{ property, text }, ...others] = violated({ verdict: { status: 'fail' }, results });
  assert.equal(property, 'election safety');
  assert.deepEqual(others, []);
  assert.deepEqual(parts(model, text), [
    { text: 'after ', step: -1 }, { text: 'b (step 2)', step: 2 },
    { text: ': a and b lead term 1', step: -1 }]);
});

test('a step that is not there is text', () => {
  const model = new Model();
  model.append(answer([['a', 'start', 1, 0]]));
  for (const text of ['a (step 7)', 'c (step 1)', 'no step', '']) {
    assert.ok(parts(model, text).every(({ step }) => step === -1), text);
    assert.equal(parts(model, text).map((part) => part.text).join(''), text);
  }
});

test('only a failed run has violations', () => {
  for (const status of ['pass', 'unknown']) assert.deepEqual(violated({ verdict: { status }, results }), []);
  assert.deepEqual(violated(null), []);
  assert.deepEqual(violated({ verdict: { status: 'fail' } }), []);
});
