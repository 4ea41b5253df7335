// Shades the lines of peers while a partition separates them from the others. Those of one peer
// from another are outages of a link (paint-outages.js).

import { faultTimes, isOutage } from '../fault-times.js';
import { placeOf } from './paint-downtimes.js';

// How much of a line's height is shaded, and how strongly.
const SHARE = 0.8;
const STRENGTH = 0.13;

/** @param {CanvasRenderingContext2D} context @param {Scene} scene @param {Frame} frame */
export function shadePartitions(context, { layout, model, theme, size }, frame) {
  const height = Math.max(2, (frame.toY(1) - frame.toY(0)) * SHARE);
  context.fillStyle = theme.bad;
  context.globalAlpha = STRENGTH;
  for (const separation of faultTimes(model).separations) {
    const { group, isLink, at, until } = separation;
    if (isLink || isOutage(separation)) continue;
    for (const name of group) {
      const peer = model.peerOf(name);
      const row = peer < 0 ? -1 : layout.rowOf[peer];
      if (row < frame.firstRow || row >= frame.lastRow) continue;
      const from = frame.toX(placeOf(model, layout, peer, at, false));
      const to = until === null ? size.width : frame.toX(placeOf(model, layout, peer, until, true));
      context.fillRect(from, frame.toY(row) - height / 2, to - from, height);
    }
  }
  context.globalAlpha = 1;
}
