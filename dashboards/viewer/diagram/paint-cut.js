// Draws a cut: a line across the rows, with a handle on each, and a shade over
// what lies before it.

// The line is a little before the first step behind the cut, since a snapshot cuts before
// the step that recorded it; but never before the preceding step.
const NEAR = 11;

export const HANDLE = 6;

// Where the cut meets a peer's row, in pixels.
/** @param {Scene} scene @param {Frame} frame @param {CutPoints} cut @param {number} peer */
function cutX({ model, layout }, frame, cut, peer) {
  const line = model.line(peer);
  const count = cut[peer];
  const before = count > 0 ? frame.toX(layout.x[line[count - 1]]) : -Infinity;
  if (count >= line.length) return Math.min(before + NEAR, frame.toX(layout.finish) + NEAR);
  const after = frame.toX(layout.x[line[count]]);
  return Math.max(after - NEAR, Math.min((before + after) / 2, after));
}

// One point for each row that the cut meets: peers that share a row share one,
// in the middle of theirs.
/** @param {Scene} scene @param {Frame} frame @param {CutPoints} cut */
function points(scene, frame, cut) {
  const { layout } = scene;
  return layout.rows.map(({ peers }, row) => {
    const met = peers.filter((peer) => cut[peer] >= 0);
    if (!met.length) return null;
    const x = met.reduce((sum, peer) => sum + cutX(scene, frame, cut, peer), 0) / met.length;
    return { row, x, y: frame.toY(row), peer: met.length === 1 ? met[0] : -1 };
  });
}

// From row to row the line leaves each one upright.
/** @param {CanvasRenderingContext2D} context @param {Handle} from @param {Handle} to */
function trace(context, from, to) {
  const middle = (from.y + to.y) / 2;
  context.bezierCurveTo(from.x, middle, to.x, middle, to.x, to.y);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Scene} scene
 * @param {Frame} frame
 * @param {CutPoints} cut
 */
export function shadeCut(context, scene, frame, cut) {
  const met = points(scene, frame, cut).filter((point) => point !== null);
  if (!met.length || met.length < scene.layout.rows.length) return;
  const last = met[met.length - 1];
  context.fillStyle = scene.theme.before;
  context.beginPath();
  context.moveTo(0, met[0].y - frame.row / 2);
  context.lineTo(met[0].x, met[0].y - frame.row / 2);
  context.lineTo(met[0].x, met[0].y);
  for (let i = 1; i < met.length; i += 1) trace(context, met[i - 1], met[i]);
  context.lineTo(last.x, last.y + frame.row / 2);
  context.lineTo(0, last.y + frame.row / 2);
  context.fill();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Scene} scene
 * @param {Frame} frame
 * @param {CutPoints} cut
 */
export function drawCut(context, scene, frame, cut) {
  const { theme } = scene;
  const all = points(scene, frame, cut);
  context.strokeStyle = theme.cut;
  context.lineWidth = 2.5;
  context.beginPath();
  /** @type {Handle | null} */
  let last = null;
  for (const point of all) {
    if (!point) { last = null; continue; }
    if (last) trace(context, last, point);
    else {
      context.moveTo(point.x, point.y - frame.row / 2);
      context.lineTo(point.x, point.y);
    }
    last = point;
  }
  if (last) context.lineTo(last.x, last.y + frame.row / 2);
  context.stroke();
  return drawHandles(context, scene, frame, all.filter((point) => point !== null)
    .filter(({ peer }) => peer >= 0));
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Scene} scene
 * @param {Frame} frame
 * @param {Handle[]} all
 */
function drawHandles(context, { theme }, frame, all) {
  const size = Math.min(HANDLE, frame.row * 0.28);
  context.fillStyle = theme.back;
  context.lineWidth = 2;
  context.beginPath();
  for (const { x, y } of all) context.roundRect(x - size * 0.6, y - size, size * 1.2, size * 2, size * 0.5);
  context.fill();
  context.stroke();
  return all;
}
