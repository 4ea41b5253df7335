// What the matrix paints on its canvas: the cells, the grid, faults, names, and frames.

import { rgb } from '../diagram/theme.js';

// One pixel for each pair.
/**
 * @param {Network} network
 * @param {MatrixState | null} state
 * @param {Theme} theme
 */
export function cellsImage({ peers, edges, placeOf }, state, theme) {
  const n = peers.length;
  const image = new ImageData(n, n);
  const pixels = new Uint32Array(image.data.buffer);
  const [line, soft, link] = [theme.line, theme.soft, theme.link].map(rgb);
  const tint = packed(line, 150);
  for (const [a, b] of edges) {
    pixels[a * n + b] = tint;
    pixels[b * n + a] = tint;
  }
  if (!state) return image;
  const { model } = state;
  const most = state.count.reduce((high, value) => Math.max(high, value), 1);
  for (let a = 0; a < placeOf.length; a += 1) {
    for (let b = 0; b < placeOf.length; b += 1) {
      const value = state.count[a * placeOf.length + b];
      if (!value) continue;
      const alpha = 90 + 165 * (Math.log1p(value) / Math.log1p(most));
      pixels[placeOf[a] * n + placeOf[b]] = packed(soft, alpha);
    }
  }
  for (const m of state.flying) {
    pixels[placeOf[model.message.sender[m]] * n + placeOf[model.message.receiver[m]]] = packed(link, 255);
  }
  return image;
}

/** @param {Bytes} colour @param {number} alpha */
const packed = ([r, g, b], alpha) => ((alpha << 24) | (b << 16) | (g << 8) | r) >>> 0;

/** @param {CanvasRenderingContext2D} context @param {Theme} theme @param {Grid} grid */
export function drawGrid(context, theme, { margin, count, cell }) {
  context.strokeStyle = theme.back;
  context.lineWidth = 1;
  context.beginPath();
  for (let i = 0; i <= count; i += 1) {
    const place = margin + i * cell + 0.5;
    context.moveTo(margin, place);
    context.lineTo(margin + count * cell, place);
    context.moveTo(place, margin);
    context.lineTo(place, margin + count * cell);
  }
  context.stroke();
}

// A killed peer's row and column fade, and a link that is cut is crossed out.
/**
 * @param {CanvasRenderingContext2D} context
 * @param {Theme} theme
 * @param {Grid} grid
 * @param {Broken} broken
 */
export function drawFaults(context, theme, { margin, count, cell }, { cut, dead }) {
  context.fillStyle = theme.back;
  context.globalAlpha = 0.7;
  for (const place of dead) {
    context.fillRect(margin, margin + place * cell, count * cell, cell);
    context.fillRect(margin + place * cell, margin, cell, count * cell);
  }
  context.globalAlpha = 1;
  context.strokeStyle = theme.bad;
  context.lineWidth = 2;
  context.beginPath();
  for (const link of cut) {
    const [a, b] = link.split(' ').map((place) => margin + Number(place) * cell);
    cross(context, a, b, cell);
    cross(context, b, a, cell);
  }
  context.stroke();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} x
 * @param {number} y
 * @param {number} cell
 */
function cross(context, x, y, cell) {
  context.fillRect(x + 1, y + 1, cell - 1, cell - 1);
  context.moveTo(x + 1, y + 1);
  context.lineTo(x + cell - 1, y + cell - 1);
  context.moveTo(x + cell - 1, y + 1);
  context.lineTo(x + 1, y + cell - 1);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Theme} theme
 * @param {Grid} grid
 * @param {string[]} peers
 * @param {number} selected
 */
export function drawNames(context, theme, { margin, cell }, peers, selected) {
  context.font = `${Math.min(12, cell)}px ${theme.font}`;
  context.textBaseline = 'middle';
  peers.forEach((name, i) => {
    const text = name.length > 10 ? `${name.slice(0, 9)}…` : name;
    context.fillStyle = i === selected ? theme.link : theme.soft;
    context.textAlign = 'right';
    context.fillText(text, margin - 6, margin + (i + 0.5) * cell);
    context.save();
    context.translate(margin + (i + 0.5) * cell, margin - 6);
    context.rotate(-Math.PI / 2);
    context.textAlign = 'left';
    context.fillText(text, 0, 0);
    context.restore();
  });
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {string} colour
 * @param {Grid} grid
 * @param {number[]} cell
 */
export function drawCellFrame(context, colour, { margin, cell }, [from, to]) {
  context.strokeStyle = colour;
  context.lineWidth = 2;
  context.strokeRect(margin + to * cell, margin + from * cell, cell, cell);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {string} colour
 * @param {Grid} grid
 * @param {number} peer
 */
export function drawBand(context, colour, { margin, count, cell }, peer) {
  context.strokeStyle = colour;
  context.lineWidth = 2;
  context.strokeRect(margin, margin + peer * cell, count * cell, cell);
  context.strokeRect(margin + peer * cell, margin, cell, count * cell);
}
