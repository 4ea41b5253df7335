// Draws the messages: an arrow each, broken where it never arrived.

import { FUTURE, PAST, messageRelation } from '../causality.js';
import { leastAlpha } from './contrast.js';
import { rgb } from './theme.js';

// The most arrows that are drawn: while the picture moves, as many as a frame has time
// for (1,000 take about 6 ms without a graphics card), and at rest as many as can be
// told apart. Of more, an even part is drawn, and the page says so.
const MOST_MOVING = 1000;
const MOST_STILL = 4000;

// Up to this many, there is room for heads.
const MOST_HEADS = 900;

// The more arrows cross a picture, the less each one darkens it.
const STRONGEST = 0.85;
const FAINTEST = 0.25;

// Messages beside a cut or a selection are fainter.
const BESIDE = 0.5;

// Up to this many, each arrow has enough contrast to be seen, however faint it would
// otherwise be.
const EACH_SEEN = 200;

// The opacity of one of `count` arrows. `beside`: whether a cut or a selection highlights
// others. `least`: the least opacity that can be seen (contrast.js).
/** @param {number} count @param {number} plot @param {boolean} beside @param {number} least */
export function strength(count, plot, beside, least) {
  const faint = Math.max(FAINTEST, Math.min(STRONGEST, plot / (3 * count)));
  const wanted = beside ? faint * BESIDE : faint;
  return Math.max(wanted, least * Math.min(1, EACH_SEEN / count));
}

// The fraction of its way that is drawn of a message that never arrived.
export const BROKEN = 0.55;

// Which messages are drawn: { all: how many there are, arrows, highlighted: those drawn, part }.
// `highlighted` are those that cross the cut: they have a limit of their own, so they are
// drawn however many others there are.
/** @param {Scene} scene @param {Frame} frame */
export function arrowsInSight({ layout, model, marks, moving }, frame) {
  const { start, end, drawn, rowOf } = layout;
  const { sender, receiver, count } = model.message;
  /** @type {Record<'quiet' | 'highlighted', number[]>} */
  const { quiet, highlighted } = { quiet: [], highlighted: [] };
  for (let m = 0; m < count; m += 1) {
    if (drawn[m] === 0 || start[m] > frame.right || end[m] < frame.left) continue;
    const [from, to] = [rowOf[sender[m]], rowOf[receiver[m]]];
    if (Math.max(from, to) < frame.firstRow || Math.min(from, to) >= frame.lastRow) continue;
    (marks.highlighted[m] ? highlighted : quiet).push(m);
  }
  const most = moving ? MOST_MOVING : MOST_STILL;
  const few = [thinned(quiet, most), thinned(highlighted, most)];
  return {
    all: quiet.length + highlighted.length, arrows: few[0].kept, highlighted: few[1].kept,
    part: Math.max(few[0].part, few[1].part),
  };
}

// The part is even and stays the same while the view moves: a multiplicative
// hash (Knuth) of the message decides.
/** @param {number[]} messages @param {number} most */
function thinned(messages, most) {
  let part = 1;
  while (messages.length / part > most) part *= 2;
  const kept = part === 1 ? messages
    : messages.filter((m) => (Math.imul(m, 2654435761) >>> 0) * part < 2 ** 32);
  return { kept, part };
}

/** @param {Scene} scene @param {Frame} frame @param {number} m */
export function ends({ layout, model }, frame, m) {
  const { sender, receiver, to } = model.message;
  const x1 = frame.toX(layout.start[m]);
  const y1 = frame.toY(layout.rowOf[sender[m]]);
  const x2 = frame.toX(layout.end[m]);
  const y2 = frame.toY(layout.rowOf[receiver[m]]);
  if (to[m] >= 0) return [x1, y1, x2, y2];
  return [x1, y1, x1 + (x2 - x1) * BROKEN, y1 + (y2 - y1) * BROKEN];
}

// The messages that are not highlighted.
/**
 * @param {CanvasRenderingContext2D} context
 * @param {Scene} scene
 * @param {Frame} frame
 * @param {Sight} sight
 */
export function drawArrows(context, scene, frame, { arrows }) {
  const { model, layout, marks, theme } = scene;
  const looks = new Map();
  for (const m of arrows) {
    if (m === marks.message) continue;
    const look = lookOf(model, marks, m);
    if (!looks.has(look)) looks.set(look, []);
    looks.get(look).push(m);
  }
  const heads = arrows.length <= MOST_HEADS;
  const back = rgb(theme.back);
  // Past and future lie above the concurrent messages.
  for (const look of ['apart', ...layout.kinds, 'past', 'future']) {
    const all = looks.get(look);
    if (!all) continue;
    const related = look === 'past' || look === 'future';
    const plain = look === 'apart' || (marks.cut !== null && !marks.cone);
    const ink = typeof look === 'number' ? theme.kind(model.kinds[look]) : theme[look];
    const alpha = strength(arrows.length, frame.plot, plain, leastAlpha(rgb(ink), back));
    const wide = related || (!plain && alpha >= STRONGEST);
    context.globalAlpha = alpha;
    drawAll(context, scene, frame, all, ink, { width: wide ? 1.4 : 1, heads });
  }
  context.globalAlpha = 1;
}

// The look of a message: the number of its kind, or its relation to the selected step.
/** @param {Model} model @param {Marks} marks @param {number} m */
function lookOf(model, marks, m) {
  if (!marks.cone) return model.message.kind[m];
  const side = messageRelation(model, marks.cone, m);
  if (side === PAST) return 'past';
  return side === FUTURE ? 'future' : 'apart';
}

/**
 * A message without a receipt has no cross while it may be under way or not read yet.
 * @param {CanvasRenderingContext2D} context
 * @param {Scene} scene
 * @param {Frame} frame
 * @param {number[]} messages
 * @param {string} ink
 * @param {{ width: number, heads: boolean, dash?: number[] }} look
 */
export function drawAll(context, scene, frame, messages, ink, { width, heads, dash = [] }) {
  const { model, pending } = scene;
  context.strokeStyle = ink;
  context.fillStyle = ink;
  context.lineWidth = width;
  const tips = [];
  const crosses = [];
  context.beginPath();
  for (const m of messages) {
    const [x1, y1, x2, y2] = ends(scene, frame, m);
    context.moveTo(x1, y1);
    context.lineTo(x2, y2);
    if (model.message.to[m] < 0) {
      if (!pending || model.message.reason[m] >= 0) crosses.push(x2, y2);
    } else if (heads) tips.push(x1, y1, x2, y2);
  }
  context.setLineDash(dash);
  context.stroke();
  context.setLineDash([]);
  drawHeads(context, tips, width);
  drawCrosses(context, crosses, width);
}

// The tip touches the dot that it points to.
/** @param {CanvasRenderingContext2D} context @param {number[]} tips @param {number} width */
function drawHeads(context, tips, width) {
  const long = 5 + width * 1.4;
  context.beginPath();
  for (let i = 0; i < tips.length; i += 4) {
    const [x1, y1, x2, y2] = tips.slice(i, i + 4);
    const length = Math.hypot(x2 - x1, y2 - y1);
    if (length < long * 1.5) continue;
    const [dx, dy] = [(x2 - x1) / length, (y2 - y1) / length];
    const [tipX, tipY] = [x2 - dx * 3, y2 - dy * 3];
    const [backX, backY] = [tipX - dx * long, tipY - dy * long];
    context.moveTo(tipX, tipY);
    context.lineTo(backX - dy * long * 0.36, backY + dx * long * 0.36);
    context.lineTo(backX + dy * long * 0.36, backY - dx * long * 0.36);
  }
  context.fill();
}

/** @param {CanvasRenderingContext2D} context @param {number[]} crosses @param {number} width */
function drawCrosses(context, crosses, width) {
  const arm = 3.2 + width * 0.5;
  context.lineWidth = width + 0.6;
  context.beginPath();
  for (let i = 0; i < crosses.length; i += 2) {
    const [x, y] = [crosses[i], crosses[i + 1]];
    context.moveTo(x - arm, y - arm);
    context.lineTo(x + arm, y + arm);
    context.moveTo(x - arm, y + arm);
    context.lineTo(x + arm, y - arm);
  }
  context.stroke();
}
