// Draws the surroundings of the steps: the axis, a rail for each row, its name.

import { HEAD, tickText, ticks } from './view.js';

/** @param {CanvasRenderingContext2D} context @param {Scene} scene @param {Frame} frame */
export function drawAxis(context, { layout, theme, size, corner, model }, frame) {
  const wanted = Math.max(4, frame.plot / 110);
  // Real time counts from the first step of the run.
  const zero = layout.axis === 'time' ? model.first : 0;
  const { step, places } = ticks(frame.left - zero, frame.right - zero, wanted);
  const greatest = Math.max(...places.map(Math.abs));
  const end = corner?.current?.offsetLeft ?? size.width;
  context.font = `11px ${theme.font}`;
  context.textBaseline = 'middle';
  context.fillStyle = theme.soft;
  context.strokeStyle = theme.stripe;
  context.lineWidth = 1;
  context.beginPath();
  for (const place of places) {
    const x = Math.round(frame.toX(place + zero)) + 0.5;
    const text = layout.axis === 'time' ? tickText(place, step, greatest) : clockText(layout, place);
    if (text === '') continue;
    context.moveTo(x, HEAD);
    context.lineTo(x, size.height);
    // A number cut by the edge or by a button would read as another number.
    if (x + 4 + context.measureText(text).width < end) context.fillText(text, x + 4, HEAD / 2);
  }
  context.stroke();
}

// Between two columns there is no logical time.
/** @param {Layout} layout @param {number} place */
function clockText({ column = [] }, place) {
  return Number.isInteger(place) && place >= 1 && place <= column.length ? `L ${column[place - 1]}` : '';
}

/** @param {CanvasRenderingContext2D} context @param {Scene} scene @param {Frame} frame */
export function drawRails(context, { layout, theme, size, marks }, frame) {
  context.lineWidth = 1;
  context.strokeStyle = theme.rail;
  context.beginPath();
  for (let row = frame.firstRow; row < frame.lastRow; row += 1) {
    const y = Math.round(frame.toY(row)) + 0.5;
    context.moveTo(frame.gutter, y);
    context.lineTo(size.width, y);
  }
  context.stroke();
  const row = marks.peer >= 0 ? layout.rowOf[marks.peer] : -1;
  if (row < 0) return;
  context.fillStyle = theme.stripe;
  context.fillRect(0, frame.toY(row) - frame.row / 2, size.width, frame.row);
}

// In low rows, only every second or fourth name is drawn.
/** @param {CanvasRenderingContext2D} context @param {Scene} scene @param {Frame} frame */
export function drawNames(context, { layout, model, marks, theme, size }, frame) {
  context.fillStyle = theme.panel;
  context.fillRect(0, 0, frame.gutter, size.height);
  context.save();
  context.beginPath();
  context.rect(0, HEAD, frame.gutter, size.height - HEAD);
  context.clip();
  const left = frame.gutter < 80 ? 4 : 9;
  const every = 2 ** Math.max(0, Math.ceil(Math.log2(12 / frame.row)));
  for (let row = frame.firstRow; row < frame.lastRow; row += 1) {
    if (row % every) continue;
    const { name, label, peers } = layout.rows[row];
    const y = frame.toY(row);
    const chosen = peers.includes(marks.peer)
      || (marks.step >= 0 && peers.includes(model.step.peer[marks.step]));
    context.fillStyle = peers.length > 1 ? theme.soft : theme.peer(name);
    context.fillRect(left, y - 4, 8, 8);
    context.fillStyle = chosen ? theme.text : theme.soft;
    context.font = `${chosen ? '600 ' : ''}12px ${theme.font}`;
    context.textBaseline = 'middle';
    context.fillText(shorten(context, label, frame.gutter - left - 18), left + 13, y);
  }
  context.restore();
  context.fillStyle = theme.line;
  context.fillRect(frame.gutter - 1, 0, 1, size.height);
  context.fillRect(0, HEAD - 1, size.width, 1);
}

// How much of the rows is in sight, where that is not all of them.
/** @param {CanvasRenderingContext2D} context @param {Scene} scene @param {Frame} frame */
export function drawScroll(context, { theme, size }, { tall, room, top }) {
  if (tall <= room + 1) return;
  context.fillStyle = theme.soft;
  context.globalAlpha = 0.5;
  context.fillRect(size.width - 6, HEAD + 2 + (room * top) / tall, 4, (room * room) / tall);
  context.globalAlpha = 1;
}

// The end of a name distinguishes peers, so its beginning is cut.
/** @param {CanvasRenderingContext2D} context @param {string} text @param {number} room */
function shorten(context, text, room) {
  if (context.measureText(text).width <= room) return text;
  let kept = text.slice(0, 60);
  while (kept.length > 1 && context.measureText(`…${kept}`).width > room) kept = kept.slice(1);
  return `…${kept}`;
}
