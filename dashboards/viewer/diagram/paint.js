// Draws the diagram on a canvas.
//
// A scene is { model, layout, view, size, theme, marks, pending, moving }; `marks` are its
// highlights:
//   step, message   selected, or -1          cone      past and future of the step
//   cut             Int32Array, or null      orphans           how many messages are orphans of it
//   highlighted            Uint8Array: how a message across it is drawn (paint-highlights.js), 0 for others
//   found           Set of steps that a search found, or null
// `moving` is true while it is dragged: then fewer arrows are drawn.
// It returns what can be hit: { frame, sight, handles }.

import { CONCURRENT, FUTURE, PAST, SELF, relation } from '../causality.js';
import { lowerBound } from './binary-search.js';
import { begin, inkOf } from './density.js';
import { isLocal } from './layout.js';
import { arrowsInSight, drawArrows } from './paint-arrows.js';
import { drawCut, shadeCut } from './paint-cut.js';
import { drawDowntimes } from './paint-downtimes.js';
import { shadePartitions } from './paint-partitions.js';
import { drawHighlights } from './paint-highlights.js';
import { drawAxis, drawNames, drawRails, drawScroll } from './paint-frame.js';
import { HEAD, frameOf } from './view.js';

// From this share of a line covered by dots, the line shows their density instead.
const DENSE = 0.55;

/** @param {CanvasRenderingContext2D} context @param {Scene} scene */
export function paint(context, scene) {
  const { size, layout, view, theme, marks } = scene;
  const frame = frameOf(layout, view, size);
  context.setTransform(size.ratio, 0, 0, size.ratio, 0, 0);
  context.fillStyle = theme.back;
  context.fillRect(0, 0, size.width, size.height);
  context.save();
  context.beginPath();
  context.rect(frame.gutter, 0, size.width - frame.gutter, size.height);
  context.clip();
  drawAxis(context, scene, frame);
  context.beginPath();
  context.rect(0, HEAD, size.width, size.height - HEAD);
  context.clip();
  if (marks.cut) shadeCut(context, scene, frame, marks.cut);
  shadePartitions(context, scene, frame);
  drawRails(context, scene, frame);
  drawDowntimes(context, scene, frame);
  const sight = arrowsInSight(scene, frame);
  drawArrows(context, scene, frame, sight);
  drawDots(context, scene, frame);
  const handles = marks.cut ? drawCut(context, scene, frame, marks.cut) : [];
  drawHighlights(context, scene, frame, sight);
  drawSelected(context, scene, frame);
  context.restore();
  drawNames(context, scene, frame);
  drawScroll(context, scene, frame);
  return { frame, sight, handles };
}

/** @param {Frame} frame */
function dotSize(frame) {
  return Math.max(1.5, Math.min(4.5, frame.row * 0.17));
}

// One path for each look: a stroke or fill of a thousand dots costs little more
// than that of one.
/** @param {CanvasRenderingContext2D} context @param {Scene} scene @param {Frame} frame */
function drawDots(context, scene, frame) {
  const { layout, model, marks, theme, size } = scene;
  const radius = dotSize(frame);
  const bars = begin(context,
    { left: frame.gutter, top: HEAD, width: size.width - frame.gutter, height: size.height - HEAD });
  const rings = [];
  const looks = new Map();
  /** @param {string} look @param {number} x @param {number} y */
  const put = (look, x, y) => {
    if (!looks.has(look)) looks.set(look, []);
    looks.get(look).push(x, y);
  };
  for (let row = frame.firstRow; row < frame.lastRow; row += 1) {
    const y = frame.toY(row);
    for (const peer of layout.rows[row].peers) {
      const { steps, xs } = layout.lines[peer];
      /** @param {number} i */
      const at = (i) => xs[i];
      const first = lowerBound(xs.length, at, frame.left - radius / frame.scale);
      const last = lowerBound(xs.length, at, frame.right + radius / frame.scale);
      if ((last - first) * radius > frame.plot * DENSE) {
        drawDensity(scene, frame, bars, { steps, xs, first, last, y, radius });
      } else {
        for (let i = first; i < last; i += 1) {
          const x = frame.toX(layout.x[steps[i]]);
          put(lookOf(model, marks, steps[i]), x, y);
          if (marks.found?.has(steps[i])) rings.push(x, y);
        }
      }
    }
  }
  bars.finish();
  for (const [look, places] of looks) drawLook(context, theme, look, places, radius);
  drawRings(context, theme, rings, radius);
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
 * @param {number[]} places
 * @param {number} radius
 */
function drawLook(context, theme, look, places, radius) {
  const size = look === 'local' ? radius * 0.7 : radius;
  context.fillStyle = colourOf(theme, look);
  context.beginPath();
  for (let i = 0; i < places.length; i += 2) {
    if (size < 2) context.rect(places[i] - size, places[i + 1] - size, size * 2, size * 2);
    else {
      context.moveTo(places[i] + size, places[i + 1]);
      context.arc(places[i], places[i + 1], size, 0, 2 * Math.PI);
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

/** @param {CanvasRenderingContext2D} context @param {Scene} scene @param {Frame} frame */
function drawSelected(context, { layout, marks, theme, model }, frame) {
  const { step } = marks;
  if (step < 0 || layout.rowOf[model.step.peer[step]] < 0) return;
  const x = frame.toX(layout.x[step]);
  const y = frame.toY(layout.rowOf[model.step.peer[step]]);
  const radius = dotSize(frame);
  context.beginPath();
  context.arc(x, y, radius + 1.5, 0, 2 * Math.PI);
  context.fillStyle = theme.text;
  context.fill();
  context.beginPath();
  context.arc(x, y, radius + 5, 0, 2 * Math.PI);
  context.strokeStyle = theme.text;
  context.lineWidth = 2;
  context.stroke();
}
