// Draws the cut of a link: a dotted line between its two ends where it begins and where it
// heals, and a thin one beside the lines of both in between.

import { faultTimes } from '../fault-times.js';
import { placeOf } from './paint-downtimes.js';

// How far below a peer's line the thin line lies, in pixels, and half the length of the
// bar at each end.
const BELOW = 4;
const BAR = 5;

/** @param {CanvasRenderingContext2D} context @param {Scene} scene @param {Frame} frame */
export function drawLinkCuts(context, { layout, model, theme, size }, frame) {
  context.strokeStyle = theme.bad;
  for (const { group, others, isLink, at, until } of faultTimes(model).separations) {
    const peers = [...group, ...others].map((name) => model.peerOf(name));
    if (!isLink || peers.some((peer) => peer < 0 || layout.rowOf[peer] < 0)) continue;
    const ys = peers.map((peer) => Math.round(frame.toY(layout.rowOf[peer])) + 0.5);
    /** @param {number} time @param {boolean} end */
    const places = (time, end) => peers.map((peer) => frame.toX(placeOf(model, layout, peer, time, end)));
    const from = places(at, false);
    const to = until === null ? peers.map(() => size.width) : places(until, true);
    context.lineWidth = 1;
    context.beginPath();
    ys.forEach((y, i) => line(context, [from[i], y + BELOW], [to[i], y + BELOW]));
    context.stroke();
    between(context, from, ys);
    if (until !== null) between(context, to, ys);
  }
}

// From one end of the link to the other, with a bar at both.
/** @param {CanvasRenderingContext2D} context @param {number[]} xs @param {number[]} ys */
function between(context, xs, ys) {
  context.lineWidth = 1.5;
  context.beginPath();
  context.setLineDash([1, 4]);
  line(context, [xs[0], ys[0]], [xs[1], ys[1]]);
  context.stroke();
  context.setLineDash([]);
  context.beginPath();
  xs.forEach((x, i) => line(context, [x, ys[i] - BAR], [x, ys[i] + BAR]));
  context.stroke();
}

/** @param {CanvasRenderingContext2D} context @param {number[]} from @param {number[]} to */
function line(context, from, to) {
  context.moveTo(from[0], from[1]);
  context.lineTo(to[0], to[1]);
}
