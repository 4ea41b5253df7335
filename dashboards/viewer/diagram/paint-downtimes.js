// Draws where peers were down: a cross at the crash, and a dashed line up to the restart.

import { faultTimes } from '../fault-times.js';
import { lowerBound } from './binary-search.js';

// Half the width of the cross, in pixels.
const CROSS = 5;

// Where a moment lies on the axis. In logical time, a crash is half a column after the last
// step before it, and a restart is at the first step from then on.
/**
 * @param {Model} model
 * @param {Layout} layout
 * @param {number} peer
 * @param {number} at
 * @param {boolean} restart
 */
export function placeOf(model, layout, peer, at, restart) {
  if (layout.axis === 'time') return at;
  const steps = model.line(peer);
  const later = lowerBound(steps.length, (i) => model.step.at[steps[i]], at);
  if (restart) return later < steps.length ? layout.x[steps[later]] : layout.finish;
  return later > 0 ? layout.x[steps[later - 1]] + 0.5 : layout.begin - 0.5;
}

/** @param {CanvasRenderingContext2D} context @param {Scene} scene @param {Frame} frame */
export function drawDowntimes(context, { layout, model, theme, size }, frame) {
  for (const { peer: name, at, until } of faultTimes(model).downtimes) {
    const peer = model.peerOf(name);
    const row = peer < 0 ? -1 : layout.rowOf[peer];
    if (row < frame.firstRow || row >= frame.lastRow) continue;
    const y = Math.round(frame.toY(row)) + 0.5;
    const from = frame.toX(placeOf(model, layout, peer, at, false));
    const to = until === null ? size.width : frame.toX(placeOf(model, layout, peer, until, true));
    drawDowntime(context, theme, from, to, y);
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Theme} theme
 * @param {number} from
 * @param {number} to
 * @param {number} y
 */
function drawDowntime(context, theme, from, to, y) {
  context.lineWidth = 3;
  context.strokeStyle = theme.back;
  line(context, from, y, to, y);
  context.lineWidth = 1.5;
  context.strokeStyle = theme.bad;
  context.setLineDash([2, 5]);
  line(context, from + CROSS + 3, y, to, y);
  context.setLineDash([]);
  context.lineWidth = 2;
  line(context, from - CROSS, y - CROSS, from + CROSS, y + CROSS);
  line(context, from - CROSS, y + CROSS, from + CROSS, y - CROSS);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} x
 * @param {number} y
 * @param {number} toX
 * @param {number} toY
 */
function line(context, x, y, toX, toY) {
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(toX, toY);
  context.stroke();
}
