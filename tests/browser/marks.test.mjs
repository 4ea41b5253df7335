// The marks of outputs and timers in the space-time diagram.
//
//   node --test marks.test.mjs

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { arrange } from '../../dashboards/viewer/diagram/layout.js';
import { drawMarks } from '../../dashboards/viewer/diagram/paint-marks.js';
import { fit, frameOf } from '../../dashboards/viewer/diagram/view.js';
import { Model } from '../../dashboards/viewer/model.js';
import { answer, settings } from './made.mjs';

const size = { width: 1000, height: 500 };

// A canvas that notes its texts, each letter 6 pixels wide.
function noting() {
  const texts = [];
  const nothing = () => {};
  return {
    texts, beginPath: nothing, moveTo: nothing, lineTo: nothing, stroke: nothing, fill: nothing,
    strokeText: nothing, measureText: (text) => ({ width: 6 * text.length }),
    fillText: (text, x, y) => texts.push([text, x, y]),
  };
}

test('outputs and timers are labelled where there is room', () => {
  const model = new Model();
  model.append(answer([['a', 'start', 1, 0], ['a', 'timer', 2, 10], ['a', 'timer', 3, 20]], [], {
    timers: { a2: 'Election', a3: 'Election' },
    said: [[1, 'Leads', 'term=2'], [2, 'Decided', 'value=7'], [2, 'Done', '']],
  }));
  const layout = arrange(model, settings());
  const frame = frameOf(layout, fit(layout), size);
  /** @param {number} apart */
  const drawn = (apart, row = frame.row) => {
    const context = noting();
    const dots = [[0, 200, 100], [1, 300, 100], [2, 300 + apart, 100]];
    const marks = drawMarks(context, { model, theme: {}, size }, { ...frame, row }, dots, 4);
    return { context, marks, texts: context.texts.map(([text]) => text) };
  };
  const wide = drawn(200);
  assert.deepEqual(wide.texts, ['Leads term=2', 'Decided value=7 +1', 'Election', 'Election']);
  assert.ok(wide.context.texts.slice(0, 2).every(([, , y]) => y < 100), 'outputs are above the line');
  assert.ok(wide.context.texts.slice(2).every(([, , y]) => y > 100), 'timers are below it');
  assert.deepEqual(wide.marks.map(({ step }) => step), [1, 2, 1, 2, 1, 2], 'flags and labels can be hit');
  // A label is left of its mark, shorter, or left out.
  const narrow = drawn(30);
  assert.ok(narrow.context.texts[0][1] < 300, 'left of its mark');
  assert.deepEqual(narrow.texts, ['Leads term=2', 'Decided value=7 +1', 'Election', 'Election']);
  model.timers[model.timers.indexOf('Election')] = '()';
  assert.deepEqual(drawn(200).texts, wide.texts.slice(0, 2), 'a timer without a name has no label');
  assert.deepEqual(drawn(200, 20).texts, [], 'no labels in low rows');
  const boxes = narrow.context.texts.map(([text, x, y]) => [x, x + 6 * text.length, y]);
  for (const [i, [left, right, y]] of boxes.entries()) {
    for (const [l, r, other] of boxes.slice(i + 1)) {
      assert.ok(y !== other || right <= l || r <= left, 'no overlap');
    }
  }
});
