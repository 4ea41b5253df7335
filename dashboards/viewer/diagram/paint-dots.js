// Draws the steps: a dot each, a diamond where it handles a timer, or their density.

import { CONCURRENT, FUTURE, PAST, SELF, relation } from '../causality.js';
import { lowerBound } from './binary-search.js';
import { begin, inkOf } from './density.js';
import { timerOf } from './descriptions.js';
import { isLocal } from './layout.js';
import { HEAD } from './view.js';

// From this share of a line covered by dots, the line shows their density instead.
const DENSE = 0.55;

// The most outputs that are marked in a dense line. A guess.
const MOST_OUTPUTS = 100;

// A diamond is as large to the eye as a dot.
const DIAMOND = 1.4;

/** @param {Frame} frame */
export function dotSize(frame) {
  return Math.max(1.5, Math.min(4.5, frame.row * 0.17));
}

// One path for each look: a stroke or fill of a thousand dots costs little more
// than that of one. Returns the steps that are drawn as dots, and those with outputs in
// a line that shows their density.
/** @param {CanvasRenderingContext2D} context @param {Scene} scene @param {Frame} frame */
export function drawDots(context, scene, frame) {
  const { layout, model, marks, theme, size } = scene;
  const radius = dotSize(frame);
  const bars = begin(context,
    { left: frame.gutter, top: HEAD, width: size.width - frame.gutter, height: size.height - HEAD });
  const rings = [];
  /** @type {Dot[][]} */
  const [dots, others] = [[], []];
  for (let row = frame.firstRow; row < frame.lastRow; row += 1) {
    const y = frame.toY(row);
    for (const peer of layout.rows[row].peers) {
      const { steps, xs, outputs } = layout.lines[peer];
      /** @param {number} i */
      const at = (i) => xs[i];
      const first = lowerBound(xs.length, at, frame.left - radius / frame.scale);
      const last = lowerBound(xs.length, at, frame.right + radius / frame.scale);
      if ((last - first) * radius > frame.plot * DENSE) {
        drawDensity(scene, frame, bars, { steps, xs, first, last, y, radius });
        others.push(...fewIn(outputs, first, last).map((i) => (
          /** @type {Dot} */ ([steps[i], frame.toX(layout.x[steps[i]]), y]))));
      } else {
        for (let i = first; i < last; i += 1) {
          const x = frame.toX(layout.x[steps[i]]);
          dots.push([steps[i], x, y]);
          if (marks.found?.has(steps[i])) rings.push(x, y);
        }
      }
    }
  }
  bars.finish();
  for (const isTimer of [false, true]) {
    const all = dots.filter(([s]) => (timerOf(model, s) !== '') === isTimer);
    const looks = Map.groupBy(all, ([s]) => lookOf(model, marks, s));
    for (const [look, places] of looks) drawLook(context, theme, look, isTimer, places, radius);
  }
  drawRings(context, theme, rings, radius);
  return [...dots, ...others];
}

// The outputs of a dense line from step `first` to before `last`, unless they are dense, too.
/** @param {number[]} outputs @param {number} first @param {number} last */
function fewIn(outputs, first, last) {
  const [from, to] = [first, last].map((i) => lowerBound(outputs.length, (k) => outputs[k], i));
  return to - from > MOST_OUTPUTS ? [] : outputs.slice(from, to);
}

// Around what a search found.
/**
 * @param {CanvasRenderingContext2D} context
 * @param {Theme} theme
 * @param {number[]} places
 * @param {number} radius
 */
function drawRings(context, theme, places, radius) {
  context.strokeStyle = theme.text;
  context.lineWidth = 1.5;
  context.beginPath();
  for (let i = 0; i < places.length; i += 2) {
    context.moveTo(places[i] + radius + 3, places[i + 1]);
    context.arc(places[i], places[i + 1], radius + 3, 0, 2 * Math.PI);
  }
  context.stroke();
}

const LOOKS = { [SELF]: 'past', [PAST]: 'past', [FUTURE]: 'future', [CONCURRENT]: 'apart' };

/** @param {Model} model @param {Marks} marks @param {number} s */
function lookOf(model, marks, s) {
  if (marks.cone) return LOOKS[relation(model, marks.cone, s)];
  return isLocal(model, s) ? 'local' : 'dot';
}

/** @param {Theme} theme @param {string} look */
const colourOf = (theme, look) => theme[{ local: 'soft', found: 'text' }[look] ?? look];

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Theme} theme
 * @param {string} look
 * @param {boolean} isTimer
 * @param {Dot[]} places
 * @param {number} radius
 */
function drawLook(context, theme, look, isTimer, places, radius) {
  const size = radius * (isTimer ? DIAMOND : 1) * (look === 'local' ? 0.7 : 1);
  context.fillStyle = colourOf(theme, look);
  context.beginPath();
  for (const [, x, y] of places) {
    if (size < 2) context.rect(x - size, y - size, size * 2, size * 2);
    else if (isTimer) {
      context.moveTo(x - size, y);
      context.lineTo(x, y - size);
      context.lineTo(x + size, y);
      context.lineTo(x, y + size);
    } else {
      context.moveTo(x + size, y);
      context.arc(x, y, size, 0, 2 * Math.PI);
    }
  }
  context.fill();
}

// A bar takes the look of a step found, or of one that is not local, if it has any.
const TALLEST = 0.8;

/**
 * @param {Scene} scene
 * @param {Frame} frame
 * @param {ReturnType<typeof begin>} bars
 * @param {{
 *   steps: Int32Array, xs: Float64Array, first: number, last: number, y: number,
 *   radius: number,
 * }} line
 */
function drawDensity({ model, marks, theme }, frame, bars, { steps, xs, first, last, y, radius }) {
  const most = Math.max(radius * 2, frame.row * TALLEST);
  for (let i = first; i < last;) {
    const column = Math.floor(frame.toX(xs[i]));
    const end = frame.fromX(column + 1);
    const here = i;
    /** @param {number} k */
    const lookAt = (k) => (marks.found?.has(steps[k]) ? 'found' : lookOf(model, marks, steps[k]));
    let look = lookAt(i);
    for (i += 1; i < last && xs[i] < end; i += 1) {
      const next = lookAt(i);
      if (next === 'found' || (look === 'local' && next === 'dot')) look = next;
    }
    const tall = Math.min(most, radius * (1 + Math.log2(i - here + 1)));
    bars.add(column - frame.gutter, y - HEAD, tall, inkOf(colourOf(theme, look)));
  }
}
