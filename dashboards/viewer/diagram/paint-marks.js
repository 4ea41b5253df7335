// Draws what a step outputs, as a flag above its dot, and names the timer that it handles
// below. A label is drawn where there is room up to the next mark of the same line;
// otherwise it is shorter, or left out: the tooltip, the panel and the table have all of it.

import { outputsOf, timerName } from './descriptions.js';

// The lowest row with flags, and with labels, in pixels.
const LEAST_ROW = 8;
const LABELLED_ROW = 30;

// More labels of a sort would be a grey surface. A guess.
const MOST = 160;

const LONGEST = 34;
const HIGH = 13;
const FLAG = { wide: 7, high: 5, most: 13 };
const APART = 5;

/**
 * `dots` are the steps that are drawn as dots, `bands` those of outages, which no label covers. Returns
 * the marks that can be hit.
 * @param {CanvasRenderingContext2D} context
 * @param {Scene} scene
 * @param {Frame} frame
 * @param {Dot[]} dots
 * @param {number} radius
 * @param {OutageBox[]} [bands]
 * @returns {MarkBox[]}
 */
export function drawMarks(context, { model, theme, size }, frame, dots, radius, bands = []) {
  const outputs = dots.filter(([s]) => model.outputs.has(s));
  const timers = dots.filter(([s]) => timerName(model, s) !== '');
  const tall = Math.min(FLAG.most, frame.row * 0.3);
  const isLabelled = frame.row >= LABELLED_ROW;
  context.font = `11px ${theme.font}`;
  context.textBaseline = 'middle';
  const flags = frame.row < LEAST_ROW ? [] : drawFlags(context, theme.text, outputs, radius, tall);
  const ends = [frame.gutter, size.width];
  const said = !isLabelled || outputs.length > MOST ? []
    : labels(context, outputs, -radius - tall + FLAG.high / 2, FLAG.wide, ends, (s) => inShort(model, s));
  const named = !isLabelled || timers.length > MOST ? []
    : labels(context, timers, radius + HIGH / 2 + 2, -radius, ends, (s) => [cut(timerName(model, s))])
      .filter((label) => !bands.some((band) => covers(label, band)));
  write(context, theme, theme.text, said);
  write(context, theme, theme.soft, named);
  return [...flags, ...said, ...named].map(({ step, left, right, top, bottom }) => (
    { step, left, right, top, bottom }));
}

/** @param {MarkBox} label @param {OutageBox} band */
const covers = ({ left, right, top, bottom }, band) => (
  left < band.right && right > band.left && top < band.y + APART && bottom > band.y - APART);

// What a label of outputs says: all, or else the kind of the first and how many follow.
/** @param {Model} model @param {number} s */
function inShort(model, s) {
  const [first, ...others] = outputsOf(model, s);
  const more = others.length ? ` +${others.length}` : '';
  const kind = model.outputs.get(s)?.[0].kind ?? '';
  return [cut(first) + more, cut(kind) + more];
}

/** @param {string} text */
const cut = (text) => (text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text);

/**
 * @param {CanvasRenderingContext2D} context
 * @param {string} ink
 * @param {Dot[]} dots
 * @param {number} radius
 * @param {number} tall
 * @returns {MarkBox[]}
 */
function drawFlags(context, ink, dots, radius, tall) {
  context.strokeStyle = ink;
  context.fillStyle = ink;
  context.lineWidth = 1;
  context.beginPath();
  for (const [, x, y] of dots) {
    context.moveTo(x, y - radius);
    context.lineTo(x, y - radius - tall);
  }
  context.stroke();
  context.beginPath();
  for (const [, x, y] of dots) {
    const top = y - radius - tall;
    context.moveTo(x, top);
    context.lineTo(x + FLAG.wide, top + FLAG.high / 2);
    context.lineTo(x, top + FLAG.high);
  }
  context.fill();
  return dots.map(([step, x, y]) => (
    { step, left: x - 3, right: x + FLAG.wide + 2, top: y - radius - tall - 2, bottom: y }));
}

/**
 * The labels that have room: right of the mark, or else left of it. `beside` is where the
 * mark ends.
 * @param {CanvasRenderingContext2D} context
 * @param {Dot[]} all
 * @param {number} below
 * @param {number} beside
 * @param {number[]} ends
 * @param {(step: number) => string[]} textsOf the longest first
 * @returns {(MarkBox & { text: string })[]}
 */
export function labels(context, all, below, beside, [begin, end], textsOf) {
  const dots = all.toSorted((a, b) => a[2] - b[2] || a[1] - b[1]);
  const placed = [];
  let [line, free] = [NaN, begin];
  for (let i = 0; i < dots.length; i += 1) {
    const [step, x, y] = dots[i];
    if (y !== line) [line, free] = [y, begin];
    const next = dots[i + 1]?.[2] === y ? dots[i + 1][1] : end;
    for (const text of textsOf(step)) {
      const wide = context.measureText(text).width;
      const right = x + beside + 3;
      const left = x - wide - APART;
      const at = right + wide + APART <= next ? right : left;
      if (at === left && left < free) continue;
      const middle = y + below;
      placed.push(
        { step, text, left: at, right: at + wide, top: middle - HIGH / 2, bottom: middle + HIGH / 2 });
      free = at === right ? right + wide + APART : x + APART;
      break;
    }
    free = Math.max(free, x + Math.max(0, beside) + APART);
  }
  return placed;
}

// On a rim of the background, so that arrows behind it do not blur it.
/**
 * @param {CanvasRenderingContext2D} context
 * @param {Theme} theme
 * @param {string} ink
 * @param {(MarkBox & { text: string })[]} placed
 */
function write(context, theme, ink, placed) {
  context.strokeStyle = theme.back;
  context.lineWidth = 3;
  context.lineJoin = 'round';
  context.fillStyle = ink;
  for (const { text, left, top } of placed) {
    context.strokeText(text, left, top + HIGH / 2);
    context.fillText(text, left, top + HIGH / 2);
  }
}
