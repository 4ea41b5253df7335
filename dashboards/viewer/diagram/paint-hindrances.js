// Draws where peers were paused or slow, as a band on their lines, and where links changed, as
// a line across the picture.

import { faultTimes } from '../fault-times.js';
import { placeOf } from './paint-downtimes.js';

// Half the height of a band, and of the bars at its ends, in pixels.
const BAND = 3;
const BAR = 7;
const STRENGTH = 0.45;

/** @param {CanvasRenderingContext2D} context @param {Scene} scene @param {Frame} frame */
export function drawHindrances(context, { layout, model, theme, size }, frame) {
  for (const { peer: name, at, until, kind } of faultTimes(model).hindrances) {
    const peer = model.peerOf(name);
    const row = peer < 0 ? -1 : layout.rowOf[peer];
    if (row < frame.firstRow || row >= frame.lastRow) continue;
    const y = Math.round(frame.toY(row));
    const from = frame.toX(placeOf(model, layout, peer, at, false));
    const to = until === null ? size.width : frame.toX(placeOf(model, layout, peer, until, true));
    context.fillStyle = theme.bad;
    context.globalAlpha = STRENGTH;
    if (kind === 'pause') context.fillRect(from, y - BAND, to - from, 2 * BAND);
    else dots(context, from, to, y);
    context.globalAlpha = 1;
    context.fillRect(from - 1, y - BAR, 2, 2 * BAR);
    if (until !== null) context.fillRect(to - 1, y - BAR, 2, 2 * BAR);
  }
}

// A slow peer has gaps in its band.
/** @param {CanvasRenderingContext2D} context @param {number} from @param {number} to @param {number} y */
function dots(context, from, to, y) {
  const [first, last] = [Math.max(from, 0), Math.min(to, context.canvas.width)];
  for (let x = first; x < last; x += 4 * BAND) {
    context.fillRect(x, y - BAND, Math.min(2 * BAND, last - x), 2 * BAND);
  }
}

// Logical time has no place for them: they happen at no peer.
/** @param {CanvasRenderingContext2D} context @param {Scene} scene @param {Frame} frame */
export function drawNewLinks(context, { layout, model, theme, size }, frame) {
  if (layout.axis !== 'time') return;
  for (const { at, network } of model.links) {
    const x = Math.round(frame.toX(at)) + 0.5;
    context.strokeStyle = theme.bad;
    context.lineWidth = 1;
    context.setLineDash([6, 4]);
    context.beginPath();
    context.moveTo(x, 0);
    context.lineTo(x, size.height);
    context.stroke();
    context.setLineDash([]);
    context.fillStyle = theme.bad;
    context.fillText(`links: ${network}`, x + 4, size.height - 6);
  }
}
