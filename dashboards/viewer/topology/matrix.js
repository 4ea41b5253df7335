// The network as a matrix, for more peers than lines can show: a row for each
// sender, a column for each receiver. A cell is tinted where the two are
// connected, darker with every message, lit while one is under way, and crossed
// out where the link is cut.

import { html, useEffect, useMemo, useRef, useState } from '../vendor/preact-htm.js';
import { plural } from '../format.js';
import { readTheme } from '../diagram/theme.js';
import { useScheme } from '../scheme.js';
import { linkOf } from './faults.js';
import { aboutLink } from './overlay-words.js';
import {
  cellsImage, drawBand, drawCellFrame, drawFaults, drawGrid, drawNames,
} from './matrix-paint.js';
import { pairs, underWay } from './moments.js';

const MARGIN = 76;
const LEAST_CELL = 2;
const MOST_CELL = 26;
// Rows at least this high have their names beside them.
const READABLE = 11;
// How many rows and columns further a key leads.
/** @type {Record<string, [number, number]>} */
const MOVES = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };

/** @param {{ replay: Replay, selection: Selection }} props */
export function Matrix({ replay: { network, broken, model, moments, player }, selection }) {
  const { peer: selected, select } = selection;
  const box = useRef(null);
  const canvas = useRef(null);
  const scheme = useScheme();
  const count = network.peers.length;
  const cell = useCell(box, count);
  const margin = cell >= READABLE ? MARGIN : 8;
  const side = margin + count * cell;
  const grid = { margin, count, cell };
  const [at, setAt] = useState(/** @type {[number, number] | null} */ (null));
  const now = useRef(null);
  useEffect(() => {
    const theme = readTheme(box.current);
    const ratio = devicePixelRatio || 1;
    const element = canvas.current;
    [element.width, element.height] = [side * ratio, side * ratio];
    const context = element.getContext('2d');
    const small = new OffscreenCanvas(count, count);
    const picture = /** @type {OffscreenCanvasRenderingContext2D} */ (
      small.getContext('2d', { willReadFrequently: true }));
    return player.watch((player) => {
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, side, side);
      now.current = model && moments && stateOf(model, moments, player.at);
      picture.putImageData(cellsImage(network, now.current, theme), 0, 0);
      context.fillStyle = theme.panel;
      context.fillRect(margin, margin, count * cell, count * cell);
      context.imageSmoothingEnabled = false;
      context.drawImage(small, margin, margin, count * cell, count * cell);
      if (cell >= 6) drawGrid(context, theme, grid);
      drawFaults(context, theme, grid, broken);
      if (cell >= READABLE) drawNames(context, theme, grid, network.peers, selected);
      if (at) drawCellFrame(context, theme.text, grid, at);
      if (selected >= 0) drawBand(context, theme.link, grid, selected);
    });
  }, [network, broken, model, moments, player, selected, cell, at, scheme]);

  /** @type {(event: MouseEvent) => [number, number] | null} */
  const cellAt = (event) => {
    const { left, top } = canvas.current.getBoundingClientRect();
    const [to, from] = [event.clientX - left, event.clientY - top]
      .map((px) => Math.floor((px - margin) / cell));
    return from >= 0 && to >= 0 && from < count && to < count ? [from, to] : null;
  };
  /** @param {KeyboardEvent} event */
  const keys = (event) => {
    const step = MOVES[event.key];
    const [from, to] = at ?? [0, 0];
    if (step) {
      /** @param {number} i */
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

// Scrolls a cell into sight.
/** @param {HTMLElement} room @param {number} x @param {number} y @param {number} cell */
function reveal(room, x, y, cell) {
  /** @param {number} scrolled @param {number} size @param {number} place */
  const within = (scrolled, size, place) => Math.min(place, Math.max(scrolled, place + cell - size));
  room.scrollLeft = within(room.scrollLeft, room.clientWidth, x);
  room.scrollTop = within(room.scrollTop, room.clientHeight, y);
}

/** @param {Model} model @param {Moments} moments @param {number} t @returns {MatrixState} */
function stateOf(model, moments, t) {
  return { count: pairs(model, moments, t), flying: underWay(model, moments, t), model };
}

/**
 * @param {Network} network
 * @param {Broken} broken
 * @param {MatrixState | null} state
 * @param {number[]} cell
 */
function inWords(network, { cut, dead }, state, [from, to]) {
  const { peers, neighbours, placeOf, ways } = network;
  /** @param {number} place */
  const name = (place) => `${peers[place]}${dead.has(place) ? ' (killed)' : ''}`;
  if (from === to) return name(from);
  const link = linkOf(from, to);
  const marks = [ways.get(link), ...aboutLink(network, link)].filter(Boolean).join(', ');
  const whole = neighbours[from].has(to) ? `connected${marks ? ` (${marks})` : ''}` : 'not connected';
  const connected = cut.has(link) ? 'the link is cut' : whole;
  const head = `${name(from)} → ${name(to)}: ${connected}`;
  if (!state) return head;
  const { count, flying, model } = state;
  const [a, b] = [from, to].map((place) => placeOf.indexOf(place));
  if (a < 0 || b < 0) return `${head}, no message`;
  const now = flying.filter((m) => model.message.sender[m] === a && model.message.receiver[m] === b).length;
  return `${head}, ${plural(count[a * model.peers.length + b], 'message')} so far${now ? `, ${now} under way` : ''}`;
}

// As large as fits, and not smaller than can be pointed at: then it scrolls.
/** @param {ElementRef} box @param {number} count */
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
    /** @param {number} margin */
    const fits = (margin) => Math.floor((room - margin) / count);
    const cell = fits(MARGIN) >= READABLE ? fits(MARGIN) : Math.min(READABLE - 1, fits(16));
    return Math.min(MOST_CELL, Math.max(LEAST_CELL, cell));
  }, [room, count]);
}
