// Draws the highlighted messages, over the dots: in flight across the cut, orphans of
// it, selected.

import { drawAll, ends } from './paint-arrows.js';

// In flight; in flight, but not recorded by the snapshot; an orphan of the cut.
export const FLYING = 1;
export const OTHER = 2;
export const ORPHAN = 3;

// More than this are as thin as the others: wide strokes are slow, and hide each
// other.
const CROWD = 150;

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Scene} scene
 * @param {Frame} frame
 * @param {Sight} sight
 */
export function drawHighlights(context, scene, frame, { highlighted }) {
  const { layout, marks, theme } = scene;
  /** @param {number} look */
  const like = (look) => highlighted.filter((m) => marks.highlighted[m] === look && m !== marks.message);
  const [flying, others, orphans] = [like(FLYING), like(OTHER), like(ORPHAN)];
  // Beside a step's past and future, the cut is fainter.
  const calm = marks.cone !== null;
  const few = highlighted.length <= CROWD;
  /** @param {number} width */
  const wide = (width) => (few ? width : 1);
  drawAll(context, scene, frame, others, theme.flight, { width: wide(1.5), heads: few, dash: [3, 3] });
  drawAll(context, scene, frame, flying, theme.flight, { width: wide(calm ? 1.5 : 2.4), heads: few });
  drawAll(context, scene, frame, orphans, theme.orphan, { width: wide(2.8), heads: few });
  const labelled = calm || !few ? [] : [...orphans, ...flying, ...others];
  if (marks.message >= 0 && layout.drawn[marks.message] === 1) {
    drawAll(context, scene, frame, [marks.message], theme.text, { width: 3, heads: true });
    labelled.unshift(marks.message);
  }
  drawLabels(context, scene, frame, labelled);
}

// The texts of messages, where there is room: a label that would cover another one, or
// that is too many for the picture, is left out; the panel has it.
const LABEL = 16;
const ROOM = 15000;
const LONGEST = 34;

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Scene} scene
 * @param {Frame} frame
 * @param {number[]} messages
 */
function drawLabels(context, scene, frame, messages) {
  const { model, marks, theme, size } = scene;
  context.font = `11px ${theme.font}`;
  context.textBaseline = 'middle';
  /** @type {number[][]} */
  const taken = [];
  for (const m of messages) {
    const [x1, y1, x2, y2] = ends(scene, frame, m);
    const text = (model.texts[m] || model.kinds[model.message.kind[m]]).slice(0, LONGEST);
    const wide = context.measureText(text).width + 10;
    const box = [0.5, 0.35, 0.65, 0.22, 0.78]
      .map((part) => [x1 + (x2 - x1) * part - wide / 2, y1 + (y2 - y1) * part - LABEL / 2])
      .map(([x, y]) => [Math.min(x, size.width - wide - 2), y])
      .find(([x, y]) => x > frame.gutter && !taken.some(([a, b, w]) => (
        x < a + w && a < x + wide && y < b + LABEL && b < y + LABEL)));
    if (!box) continue;
    if ((taken.length + 1) * ROOM > frame.plot * frame.room) return;
    taken.push([...box, wide]);
    context.fillStyle = theme.back;
    context.strokeStyle = marks.highlighted[m] === ORPHAN ? theme.orphan : theme.flight;
    context.lineWidth = 1;
    context.beginPath();
    context.roundRect(box[0], box[1], wide, LABEL, 4);
    context.fill();
    context.stroke();
    context.fillStyle = theme.text;
    context.fillText(text, box[0] + 5, box[1] + LABEL / 2 + 0.5);
  }
}
