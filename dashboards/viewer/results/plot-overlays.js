// Overlays of a plot: lines with names, shaded ranges, crosses.

// `[{ x, name }]` or `[{ y, name }]`, each with a `colour` if it has its own.
/**
 * @param {UPlot} plot
 * @param {{ x?: number, y?: number, name: string, colour?: string }[]} lines
 * @param {Theme} theme
 */
export function drawLines(plot, lines, theme) {
  const { ctx } = plot;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.lineWidth = ratio;
  ctx.font = `${12 * ratio}px ${theme.font}`;
  ctx.setLineDash([4 * ratio, 3 * ratio]);
  lines.forEach(({ x, y, name, colour = theme.text }, i) => {
    ctx.strokeStyle = colour;
    ctx.fillStyle = colour;
    ctx.beginPath();
    if (x !== undefined) upright(plot, x, name, i, ratio);
    else if (y !== undefined) level(plot, y, name, ratio);
    ctx.stroke();
  });
  ctx.restore();
}

/**
 * @param {UPlot} plot
 * @param {number} value
 * @param {string} name
 * @param {number} place
 * @param {number} ratio
 */
function upright({ ctx, bbox, valToPos }, value, name, place, ratio) {
  const x = valToPos(value, 'x', true);
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  const right = x + ctx.measureText(name).width + 8 * ratio < bbox.left + bbox.width;
  ctx.textAlign = right ? 'left' : 'right';
  // One below the other: two can fall on the same place.
  ctx.fillText(name, x + (right ? 4 : -4) * ratio, bbox.top + (12 + 14 * place) * ratio);
}

/** @param {UPlot} plot @param {number} value @param {string} name @param {number} ratio */
function level({ ctx, bbox, valToPos }, value, name, ratio) {
  const y = valToPos(value, 'y', true);
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.textAlign = 'left';
  const above = y - 16 * ratio > bbox.top;
  ctx.fillText(name, bbox.left + 4 * ratio, y + (above ? -4 : 13) * ratio);
}

// `[[from, to], …]` on the axis of x.
/**
 * @param {UPlot} plot
 * @param {number[][]} spans
 * @param {string} colour
 * @param {number} opacity
 */
export function shade({ ctx, bbox, valToPos }, spans, colour, opacity) {
  ctx.save();
  ctx.fillStyle = colour;
  ctx.globalAlpha = opacity;
  for (const [from, to] of spans) {
    const [left, right] = [from, to].map((value) => Math.min(bbox.left + bbox.width,
      Math.max(bbox.left, valToPos(value, 'x', true))));
    ctx.fillRect(left, bbox.top, right - left, bbox.height);
  }
  ctx.restore();
}

// A cross for each `[x, y]`: seen without its colour.
/** @param {UPlot} plot @param {number[][]} points @param {string} colour */
export function drawCrosses({ ctx, valToPos }, points, colour) {
  const half = 4 * devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.lineWidth = 2 * devicePixelRatio;
  ctx.beginPath();
  for (const [x, y] of points) {
    const [left, top] = [valToPos(x, 'x', true), valToPos(y, 'y', true)];
    for (const way of [1, -1]) {
      ctx.moveTo(left - half, top - way * half);
      ctx.lineTo(left + half, top + way * half);
    }
  }
  ctx.stroke();
  ctx.restore();
}
