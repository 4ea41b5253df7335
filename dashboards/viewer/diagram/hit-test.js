// Which step, message or handle lies under the pointer.

import { lowerBound } from './binary-search.js';
import { HEAD } from './view.js';
import { ends } from './paint-arrows.js';

// A finger is less exact than a mouse.
/** @type {Record<string, number>} */
const REACH = { mouse: 9, pen: 9, touch: 18 };

// Half the height of an outage's band, with a margin.
const BAND = 3;

// { handle: peer } | { step } | { outage } | { message } | { name: true } | {} for none of these,
// each with its `row` and its `place` on the axis; null outside.
// `painted` is what paint() returned.
/**
 * @param {Scene} scene
 * @param {Painted} painted
 * @param {number} x
 * @param {number} y
 * @param {string} [pointer]
 * @returns {Hit | null}
 */
export function hit(scene, painted, x, y, pointer = 'mouse') {
  const reach = REACH[pointer] ?? REACH.mouse;
  const { frame, handles } = painted;
  const row = frame.rowAt(y);
  if (y < HEAD || row < 0 || row >= scene.layout.rows.length) return null;
  const here = { row, place: frame.fromX(x) };
  if (x < frame.gutter) return { ...here, name: true };
  const handle = handles.find((one) => Math.abs(one.x - x) < reach
    && Math.abs(one.y - y) < Math.max(reach, frame.row / 2));
  const step = nearest(scene, frame, row, x, y, reach);
  if (handle && !(step && step.far < Math.abs(handle.x - x))) return { ...here, handle: handle.peer };
  if (step) return { ...here, step: step.step };
  const mark = painted.marks.find(({ left, right, top, bottom }) => (
    x >= left && x <= right && y >= top && y <= bottom));
  if (mark) return { ...here, step: mark.step };
  const band = painted.outages.find(({ left, right, y: middle }) => (
    x >= left && x <= right && Math.abs(middle - y) <= BAND));
  if (band) return { ...here, outage: band.outage };
  const message = crossed(scene, painted, x, y, reach * 0.6);
  return message >= 0 ? { ...here, message } : here;
}

/**
 * @param {Scene} scene
 * @param {Frame} frame
 * @param {number} row
 * @param {number} x
 * @param {number} y
 * @param {number} reach
 */
function nearest({ layout }, frame, row, x, y, reach) {
  if (Math.abs(frame.toY(row) - y) > reach) return null;
  /** @type {{ step: number, far: number } | null} */
  let best = null;
  for (const peer of layout.rows[row].peers) {
    const { steps, xs } = layout.lines[peer];
    const i = lowerBound(xs.length, (k) => xs[k], frame.fromX(x));
    for (const k of [i - 1, i]) {
      if (k < 0 || k >= xs.length) continue;
      const far = Math.abs(frame.toX(layout.x[steps[k]]) - x);
      if (far <= reach && (!best || far < best.far)) best = { step: steps[k], far };
    }
  }
  return best;
}

/**
 * @param {Scene} scene
 * @param {Painted} painted
 * @param {number} x
 * @param {number} y
 * @param {number} reach
 */
function crossed(scene, { frame, sight }, x, y, reach) {
  let [best, least] = [-1, reach];
  for (const m of [...sight.highlighted, ...sight.arrows]) {
    const far = distance(ends(scene, frame, m), x, y);
    if (far < least) [best, least] = [m, far];
  }
  return best;
}

/** @param {number[]} line from, and to @param {number} x @param {number} y */
function distance([x1, y1, x2, y2], x, y) {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const along = ((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy || 1);
  const part = Math.min(1, Math.max(0, along));
  return Math.hypot(x1 + part * dx - x, y1 + part * dy - y);
}
