// Draws the outages of links as bands below the lines of both ends: strong until traffic flows
// again, and faint from then on. A thin line is an outage between peers without a link.

import { isBand, outagesOf } from '../outages.js';
import { placeOf } from './paint-downtimes.js';
import { outageKey } from './use-flows.js';

// The first band lies so far below a line, and the others so far below each other, in pixels.
const BELOW = 11;
const APART = 6;
const HIGH = 4;
const MARK = 4.5;

const STRONG = 0.8;
const FAINT = 0.3;

// Up to so many outages in sight, a dotted line joins the two ends where one begins; of a
// selected peer always.
const MOST_JOINED = 12;

/**
 * Returns the bands, which can be hit.
 * @param {CanvasRenderingContext2D} context
 * @param {Scene} scene
 * @param {Frame} frame
 * @returns {OutageBox[]}
 */
export function drawOutages(context, scene, frame) {
  const { model, layout, theme, flows, marks } = scene;
  const seen = outagesOf(model).map((outage) => boxesOf(scene, frame, outage))
    .filter((both) => both.some(({ left, right }) => right >= frame.gutter && left <= frame.width));
  const bands = seen.filter(([{ outage }]) => isBand(outage));
  for (const both of bands) {
    const { a, b } = both[0].outage;
    const isJoined = bands.length <= MOST_JOINED || a === marks.peer || b === marks.peer;
    if (isJoined && both.length > 1) join(context, theme, both);
  }
  for (const box of seen.flat().filter(({ outage }) => !isBand(outage))) drawThin(context, theme, box);
  for (const box of bands.flat()) {
    const again = flows?.get(outageKey(box.outage));
    const at = again && placeOf(model, layout, again.peer, model.step.at[again.step], true);
    const x = at ? Math.max(box.left, Math.min(box.right, frame.toX(at))) : box.right;
    drawBand(context, theme, box, x);
    if (again) drawMark(context, theme, x, box.y);
  }
  return [...bands, ...seen].flat();
}

// Its band on each line that is shown.
/** @param {Scene} scene @param {Frame} frame @param {Outage} outage @returns {OutageBox[]} */
function boxesOf({ model, layout, size }, frame, outage) {
  const room = Math.max(1, Math.floor((frame.row / 2 - below(frame)) / APART));
  return [outage.a, outage.b].flatMap((peer, i) => {
    const row = layout.rowOf[peer];
    if (row < frame.firstRow || row >= frame.lastRow) return [];
    const left = frame.toX(placeOf(model, layout, peer, outage.at, false));
    const right = outage.until === null ? size.width
      : frame.toX(placeOf(model, layout, peer, outage.until, true));
    const y = Math.round(frame.toY(row) + below(frame) + (outage.lanes[i] % room) * APART);
    return [{ outage, left, right: Math.max(left + 1, right), y }];
  });
}

/** @param {Frame} frame */
const below = ({ row }) => Math.min(BELOW, row * 0.25);

/** @param {CanvasRenderingContext2D} context @param {Theme} theme @param {OutageBox[]} both */
function join(context, theme, [one, two]) {
  context.strokeStyle = theme.bad;
  context.lineWidth = 1;
  context.setLineDash([1, 4]);
  context.beginPath();
  context.moveTo(one.left, one.y);
  context.lineTo(two.left, two.y);
  context.stroke();
  context.setLineDash([]);
}

// On a rim of the background, so that arrows behind it do not blur it.
/**
 * @param {CanvasRenderingContext2D} context
 * @param {Theme} theme
 * @param {OutageBox} box
 * @param {number} again
 */
function drawBand(context, theme, { left, right, y }, again) {
  context.fillStyle = theme.back;
  context.fillRect(left - 1, y - HIGH / 2 - 1, right - left + 2, HIGH + 2);
  context.fillStyle = theme.bad;
  context.globalAlpha = STRONG;
  context.fillRect(left, y - HIGH / 2, again - left, HIGH);
  context.globalAlpha = FAINT;
  context.fillRect(again, y - HIGH / 2, right - again, HIGH);
  context.globalAlpha = 1;
}

/** @param {CanvasRenderingContext2D} context @param {Theme} theme @param {OutageBox} box */
function drawThin(context, theme, { left, right, y }) {
  context.fillStyle = theme.bad;
  context.globalAlpha = FAINT;
  context.fillRect(left, y, right - left, 1);
  context.globalAlpha = 1;
}

/** @param {CanvasRenderingContext2D} context @param {Theme} theme @param {number} x @param {number} y */
function drawMark(context, theme, x, y) {
  context.beginPath();
  context.arc(x, y, MARK, 0, 2 * Math.PI);
  context.fillStyle = theme.future;
  context.fill();
  context.lineWidth = 1.5;
  context.strokeStyle = theme.back;
  context.stroke();
}
