// Draws the messages: an arrow each, broken where it never arrived.

import { FUTURE, PAST, messageRelation } from '../causality.js';
import { KINDS } from './theme.js';

// So many arrows are drawn: while the picture moves, as many as a frame has time
// for (1,000 take about 6 ms without a graphics card), and at rest as many as an
// eye can use. Of more, an even part is drawn, and the page says so.
const MOST_MOVING = 1000;
const MOST_STILL = 4000;

// Below so many, there is room for heads.
const MOST_HEADS = 900;

// The more arrows cross a picture, the less each one darkens it.
const STRONGEST = 0.85;
const FAINTEST = 0.25;

// What a cut or a selection is not about steps back.
const BESIDE = 0.5;

// More loud arrows than this are as thin as the others: wide strokes are slow,
// and hide each other.
const CROWD = 150;

// How much of the way a message is drawn that never arrived.
export const BROKEN = 0.55;

// Which messages are drawn: { all: how many there are, arrows: those drawn, part }.
// The part is even and stays the same while the view moves: a multiplicative
// hash (Knuth) of the message decides.
export function arrowsInSight({ layout, model, moving }, shown) {
  const { start, end, drawn, rowOf } = layout;
  const { sender, receiver, count } = model.message;
  const seen = [];
  for (let m = 0; m < count; m += 1) {
    if (drawn[m] === 0 || start[m] > shown.right || end[m] < shown.left) continue;
    const [from, to] = [rowOf[sender[m]], rowOf[receiver[m]]];
    if (Math.max(from, to) < shown.firstRow || Math.min(from, to) >= shown.lastRow) continue;
    seen.push(m);
  }
  const most = moving ? MOST_MOVING : MOST_STILL;
  let part = 1;
  while (seen.length / part > most) part *= 2;
  const arrows = part === 1 ? seen : seen.filter((m) => (Math.imul(m, 2654435761) >>> 0) * part < 2 ** 32);
  return { all: seen.length, arrows, part };
}

export function ends({ layout, model }, shown, m) {
  const { sender, receiver, to } = model.message;
  const x1 = shown.toX(layout.start[m]);
  const y1 = shown.toY(layout.rowOf[sender[m]]);
  const x2 = shown.toX(layout.end[m]);
  const y2 = shown.toY(layout.rowOf[receiver[m]]);
  if (to[m] >= 0) return [x1, y1, x2, y2];
  return [x1, y1, x1 + (x2 - x1) * BROKEN, y1 + (y2 - y1) * BROKEN];
}

// What is told apart lies above what is not.
const ORDER = ['apart', ...Array.from({ length: KINDS }, (_, i) => i), 'past', 'future'];

// The quiet ones: everything that no mark makes loud.
export function drawArrows(context, scene, shown, { arrows }) {
  const { model, layout, marks, theme } = scene;
  const loud = loudOf(marks);
  const looks = new Map();
  for (const m of arrows) {
    if (loud.has(m)) continue;
    const look = lookOf(model, layout, marks, m);
    if (!looks.has(look)) looks.set(look, []);
    looks.get(look).push(m);
  }
  const heads = arrows.length <= MOST_HEADS;
  const faint = Math.max(FAINTEST, Math.min(STRONGEST, shown.plot / (3 * arrows.length)));
  for (const look of ORDER) {
    const all = looks.get(look);
    if (!all) continue;
    const told = look === 'past' || look === 'future';
    const plain = look === 'apart' || (marks.cut && !marks.cone);
    const wide = told || (!plain && faint === STRONGEST);
    context.globalAlpha = plain ? faint * BESIDE : faint;
    drawAll(context, scene, shown, all, theme.kinds[look] ?? theme[look], { width: wide ? 1.4 : 1, heads });
  }
  context.globalAlpha = 1;
}

function lookOf(model, layout, marks, m) {
  if (!marks.cone) return layout.inkOf[model.message.kind[m]] % KINDS;
  const side = messageRelation(model, marks.cone, m);
  return side === PAST ? 'past' : side === FUTURE ? 'future' : 'apart';
}

function loudOf({ flying, orphans, message }) {
  return new Set([...flying, ...orphans, ...(message >= 0 ? [message] : [])]);
}

// The loud ones, over the dots: in flight across the cut, against it, selected.
export function drawLoud(context, scene, shown) {
  const { layout, marks, theme } = scene;
  const seen = (m) => layout.drawn[m] === 1;
  const others = marks.noted ? marks.flying.filter((m) => !marks.noted.has(m)) : [];
  const noted = marks.noted ? marks.flying.filter((m) => marks.noted.has(m)) : marks.flying;
  drawAll(context, scene, shown, others.filter(seen), theme.flight, { width: 1.5, heads: true, dash: [3, 3] });
  const calm = marks.cone !== null;
  const few = noted.length <= CROWD;
  drawAll(context, scene, shown, noted.filter(seen), theme.flight, { width: !few ? 1 : calm ? 1.5 : 2.4, heads: few });
  drawAll(context, scene, shown, marks.orphans.filter(seen), theme.orphan, { width: 2.8, heads: true });
  // Beside a step's past and future, the cut stands back.
  const labelled = calm || !few ? [] : [...marks.orphans, ...noted, ...others].filter(seen);
  if (marks.message >= 0 && seen(marks.message)) {
    drawAll(context, scene, shown, [marks.message], theme.text, { width: 3, heads: true });
    labelled.unshift(marks.message);
  }
  drawLabels(context, scene, shown, labelled);
}

// While the run goes on, what did not arrive may be under way: it has no cross.
function drawAll(context, scene, shown, messages, ink, { width, heads, dash }) {
  const { model, live } = scene;
  context.strokeStyle = ink;
  context.fillStyle = ink;
  context.lineWidth = width;
  const tips = [];
  const crosses = [];
  context.beginPath();
  for (const m of messages) {
    const [x1, y1, x2, y2] = ends(scene, shown, m);
    context.moveTo(x1, y1);
    context.lineTo(x2, y2);
    if (model.message.to[m] < 0) {
      if (!live || model.message.reason[m] >= 0) crosses.push(x2, y2);
    } else if (heads) tips.push(x1, y1, x2, y2);
  }
  context.setLineDash(dash ?? []);
  context.stroke();
  context.setLineDash([]);
  drawHeads(context, tips, width);
  drawCrosses(context, crosses, width);
}

// The tip touches the dot that it points to.
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

// What a message says, where there is room: a label that would cover another
// one is left out, and stands in the panel; so is one too many for the picture.
const LABEL = 16;
const ROOM = 15000;
const LONGEST = 34;

function drawLabels(context, scene, shown, messages) {
  const { model, theme, size } = scene;
  context.font = `11px ${theme.font}`;
  context.textBaseline = 'middle';
  const taken = [];
  for (const m of messages) {
    const [x1, y1, x2, y2] = ends(scene, shown, m);
    const text = (model.texts[m] || model.kinds[model.message.kind[m]]).slice(0, LONGEST);
    const wide = context.measureText(text).width + 10;
    const box = [0.5, 0.35, 0.65, 0.22, 0.78]
      .map((part) => [x1 + (x2 - x1) * part - wide / 2, y1 + (y2 - y1) * part - LABEL / 2])
      .map(([x, y]) => [Math.min(x, size.width - wide - 2), y])
      .find(([x, y]) => x > shown.gutter && !taken.some(([a, b, w]) => (
        x < a + w && a < x + wide && y < b + LABEL && b < y + LABEL)));
    if (!box) continue;
    if ((taken.length + 1) * ROOM > shown.plot * shown.room) return;
    taken.push([...box, wide]);
    context.fillStyle = theme.back;
    context.strokeStyle = scene.marks.orphans.includes(m) ? theme.orphan : theme.flight;
    context.lineWidth = 1;
    context.beginPath();
    context.roundRect(box[0], box[1], wide, LABEL, 4);
    context.fill();
    context.stroke();
    context.fillStyle = theme.text;
    context.fillText(text, box[0] + 5, box[1] + LABEL / 2 + 0.5);
  }
}
