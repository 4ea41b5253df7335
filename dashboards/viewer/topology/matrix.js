// The network as a matrix, for more peers than lines can show: a row for each
// sender, a column for each receiver. A cell is tinted where the two are
// connected, darker with every message, lit while one is under way, and crossed
// out where the link is cut.

import { html, useEffect, useMemo, useRef, useState } from '../vendor/preact-htm.js';
import { plural } from '../format.js';
import { readTheme, rgb } from '../diagram/theme.js';
import { useScheme } from '../scheme.js';
import { linkOf } from './faults.js';
import { pairs, underWay } from './moments.js';

const MARGIN = 76;
const LEAST_CELL = 2;
const MOST_CELL = 26;
// Names stand beside the rows where they have room.
const READABLE = 11;

export function Matrix({ network, broken, model, moments, player, selected, select }) {
  const box = useRef(null);
  const canvas = useRef(null);
  const scheme = useScheme();
  const count = network.peers.length;
  const cell = useCell(box, count);
  const margin = cell >= READABLE ? MARGIN : 8;
  const side = margin + count * cell;
  const [at, setAt] = useState(/** @type {[number, number] | null} */ (null));
  const now = useRef(null);
  useEffect(() => {
    const theme = readTheme(box.current);
    const ratio = devicePixelRatio || 1;
    const element = canvas.current;
    [element.width, element.height] = [side * ratio, side * ratio];
    const context = element.getContext('2d');
    const small = new OffscreenCanvas(count, count);
    const picture = /** @type {OffscreenCanvasRenderingContext2D} */ (small.getContext('2d', { willReadFrequently: true }));
    return player.watch((player) => {
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, side, side);
      now.current = moments && stateOf(model, moments, player.at);
      picture.putImageData(cells(network, now.current, model, theme), 0, 0);
      context.fillStyle = theme.panel;
      context.fillRect(margin, margin, count * cell, count * cell);
      context.imageSmoothingEnabled = false;
      context.drawImage(small, margin, margin, count * cell, count * cell);
      if (cell >= 6) grid(context, theme, margin, count, cell);
      breaks(context, theme, margin, count, cell, broken);
      if (cell >= READABLE) names(context, theme, network.peers, margin, cell, selected);
      if (at) frame(context, theme.text, margin, cell, at);
      if (selected >= 0) band(context, theme.link, margin, cell, selected, count);
    });
  }, [network, broken, model, moments, player, selected, cell, at, scheme]);

  /** @returns {[number, number] | null} */
  const cellAt = (event) => {
    const { left, top } = canvas.current.getBoundingClientRect();
    const [to, from] = [event.clientX - left, event.clientY - top].map((px) => Math.floor((px - margin) / cell));
    return from >= 0 && to >= 0 && from < count && to < count ? [from, to] : null;
  };
  const keys = (event) => {
    const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
    const [from, to] = at ?? [0, 0];
    if (step) {
      const within = (i) => Math.min(count - 1, Math.max(0, i));
      const [row, column] = [within(from + step[0]), within(to + step[1])];
      setAt([row, column]);
      reveal(box.current, margin + column * cell, margin + row * cell, cell);
    }
    else if (event.key === 'Enter' && at) select(from);
    else if (event.key === 'Escape') { setAt(null); select(-1); }
    else return;
    event.preventDefault();
  };
  return html`
    <div class="matrix">
      <div class="room" ref=${box}><canvas ref=${canvas} tabIndex="0" role="application"
        style=${{ width: `${side}px`, height: `${side}px` }}
        aria-label="Matrix: a row for each sender, a column for each receiver. Arrow keys go from cell to cell, Enter selects the sender."
        onPointerMove=${(event) => setAt(cellAt(event))} onPointerLeave=${() => setAt(null)}
        onClick=${(event) => { const found = cellAt(event); select(found ? found[0] : -1); }}
        onKeyDown=${keys}></canvas></div>
      <p class="cell" role="status">${at ? inWords(network, broken, now.current, at)
        : `Rows send, columns receive. Tinted: connected; darker: more messages; bright: one is under way${
          broken.cut.size ? '; crossed out: the link is cut' : ''}${broken.dead.size ? '; faded: a peer that was killed' : ''}.`}</p>
    </div>`;
}

// Scrolls so far that a cell is seen.
function reveal(room, x, y, cell) {
  const within = (scrolled, size, place) => Math.min(place, Math.max(scrolled, place + cell - size));
  room.scrollLeft = within(room.scrollLeft, room.clientWidth, x);
  room.scrollTop = within(room.scrollTop, room.clientHeight, y);
}

function stateOf(model, moments, t) {
  return { count: pairs(model, moments, t), flying: underWay(model, moments, t), model };
}

function inWords({ peers, neighbours, placeOf }, { cut, dead }, state, [from, to]) {
  const name = (place) => `${peers[place]}${dead.has(place) ? ' (killed)' : ''}`;
  if (from === to) return name(from);
  const whole = neighbours[from].has(to) ? 'connected' : 'not connected';
  const connected = cut.has(linkOf(from, to)) ? 'the link is cut' : whole;
  const head = `${name(from)} → ${name(to)}: ${connected}`;
  if (!state) return head;
  const { count, flying, model } = state;
  const [a, b] = [from, to].map((place) => placeOf.indexOf(place));
  if (a < 0 || b < 0) return `${head}, no message`;
  const now = flying.filter((m) => model.message.sender[m] === a && model.message.receiver[m] === b).length;
  return `${head}, ${plural(count[a * model.peers.length + b], 'message')} so far${now ? `, ${now} under way` : ''}`;
}

// One pixel for each pair.
function cells({ peers, edges, placeOf }, state, model, theme) {
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
  const most = state.count.reduce((high, value) => Math.max(high, value), 1);
  for (let a = 0; a < placeOf.length; a += 1) {
    for (let b = 0; b < placeOf.length; b += 1) {
      const value = state.count[a * placeOf.length + b];
      if (value) pixels[placeOf[a] * n + placeOf[b]] = packed(soft, 90 + 165 * (Math.log1p(value) / Math.log1p(most)));
    }
  }
  for (const m of state.flying) {
    pixels[placeOf[model.message.sender[m]] * n + placeOf[model.message.receiver[m]]] = packed(link, 255);
  }
  return image;
}

const packed = ([r, g, b], alpha) => ((alpha << 24) | (b << 16) | (g << 8) | r) >>> 0;

function grid(context, theme, margin, count, cell) {
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
function breaks(context, theme, margin, count, cell, { cut, dead }) {
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
    const [a, b] = link.split(' ').map((place) => margin + place * cell);
    cross(context, a, b, cell);
    cross(context, b, a, cell);
  }
  context.stroke();
}

function cross(context, x, y, cell) {
  context.fillRect(x + 1, y + 1, cell - 1, cell - 1);
  context.moveTo(x + 1, y + 1);
  context.lineTo(x + cell - 1, y + cell - 1);
  context.moveTo(x + cell - 1, y + 1);
  context.lineTo(x + 1, y + cell - 1);
}

function names(context, theme, peers, margin, cell, selected) {
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

function frame(context, colour, margin, cell, [from, to]) {
  context.strokeStyle = colour;
  context.lineWidth = 2;
  context.strokeRect(margin + to * cell, margin + from * cell, cell, cell);
}

function band(context, colour, margin, cell, peer, count) {
  context.strokeStyle = colour;
  context.lineWidth = 2;
  context.strokeRect(margin, margin + peer * cell, count * cell, cell);
  context.strokeRect(margin + peer * cell, margin, cell, count * cell);
}

// As large as fits, and not smaller than can be pointed at: then it scrolls.
function useCell(box, count) {
  const [room, setRoom] = useState(480);
  useEffect(() => {
    const look = () => setRoom(Math.min(box.current.clientWidth, box.current.clientHeight));
    const observer = new ResizeObserver(look);
    observer.observe(box.current);
    look();
    return () => observer.disconnect();
  }, []);
  return useMemo(() => {
    const fits = (margin) => Math.floor((room - margin) / count);
    const cell = fits(MARGIN) >= READABLE ? fits(MARGIN) : Math.min(READABLE - 1, fits(16));
    return Math.min(MOST_CELL, Math.max(LEAST_CELL, cell));
  }, [room, count]);
}
