// Draws the diagram on a canvas.
//
// A scene is { model, layout, view, size, theme, marks, pending, flows, moving }; `marks` are its
// highlights:
//   step, message   selected, or -1          cone      past and future of the step
//   cut             Int32Array, or null      orphans           how many messages are orphans of it
//   highlighted            Uint8Array: how a message across it is drawn (paint-highlights.js), 0 for others
//   found           Set of steps that a search found, or null
//   wrong           Set of steps that a violation names
// `flows` says when traffic flowed again in outages (use-flows.js).
// `moving` is true while it is dragged: then fewer arrows are drawn.
// It returns what can be hit: { frame, sight, handles, marks, outages }.

import { isBand } from '../outages.js';
import { arrowsInSight, drawArrows } from './paint-arrows.js';
import { drawCut, shadeCut } from './paint-cut.js';
import { dotSize, drawDots } from './paint-dots.js';
import { drawDowntimes } from './paint-downtimes.js';
import { drawHindrances, drawNewLinks } from './paint-hindrances.js';
import { drawLinkCuts } from './paint-link-cuts.js';
import { drawMarks } from './paint-marks.js';
import { drawOutages } from './paint-outages.js';
import { shadePartitions } from './paint-partitions.js';
import { drawHighlights } from './paint-highlights.js';
import { drawAxis, drawNames, drawRails, drawScroll } from './paint-frame.js';
import { HEAD, frameOf } from './view.js';

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
  drawLinkCuts(context, scene, frame);
  drawHindrances(context, scene, frame);
  drawNewLinks(context, scene, frame);
  const sight = arrowsInSight(scene, frame);
  drawArrows(context, scene, frame, sight);
  const dots = drawDots(context, scene, frame);
  const outages = drawOutages(context, scene, frame);
  const handles = marks.cut ? drawCut(context, scene, frame, marks.cut) : [];
  drawHighlights(context, scene, frame, sight);
  const labelled = drawMarks(context, scene, frame, dots, dotSize(frame),
    outages.filter(({ outage }) => isBand(outage)));
  for (const step of marks.wrong) drawRing(context, scene, frame, step, theme.bad);
  drawSelected(context, scene, frame);
  context.restore();
  drawNames(context, scene, frame);
  drawScroll(context, scene, frame);
  return { frame, sight, handles, marks: labelled, outages };
}

/** @param {CanvasRenderingContext2D} context @param {Scene} scene @param {Frame} frame */
function drawSelected(context, scene, frame) {
  const { layout, marks: { step }, theme, model } = scene;
  if (step < 0 || layout.rowOf[model.step.peer[step]] < 0) return;
  context.beginPath();
  context.arc(frame.toX(layout.x[step]), frame.toY(layout.rowOf[model.step.peer[step]]),
    dotSize(frame) + 1.5, 0, 2 * Math.PI);
  context.fillStyle = theme.text;
  context.fill();
  drawRing(context, scene, frame, step, theme.text);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Scene} scene
 * @param {Frame} frame
 * @param {number} step
 * @param {string} ink
 */
function drawRing(context, { layout, model }, frame, step, ink) {
  const row = layout.rowOf[model.step.peer[step]];
  if (row < 0) return;
  context.beginPath();
  context.arc(frame.toX(layout.x[step]), frame.toY(row), dotSize(frame) + 5, 0, 2 * Math.PI);
  context.strokeStyle = ink;
  context.lineWidth = 2;
  context.stroke();
}
