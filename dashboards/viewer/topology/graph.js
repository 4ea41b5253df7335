// The network as a graph: lines and peers as SVG, which the keyboard reaches,
// and above them a canvas with the messages, which move with every frame.

import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from '../vendor/preact-htm.js';
import { plural } from '../format.js';
import { colour, kindColour } from '../palette.js';
import { readTheme } from '../diagram/theme.js';
import { useScheme } from '../scheme.js';
import { Legend, Lines } from './lines.js';
import { OverlayLines } from './overlay-lines.js';
import { partColour, partOf } from './overlay-words.js';
import { layout } from './network.js';
import { progress, underWay } from './moments.js';

const RADIUS = 9;
const DOT = 4.5;
// The keys that move to the next peer, or to the one before.
/** @type {Record<string, number>} */
const MOVES = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
// From so many peers on, names beside a circle are turned.
const MANY = 24;
// A finger or a pointer this near picks a message that moves.
const NEAR = 12;

/** @param {{ replay: Replay, selection: Selection, shape: string | undefined }} props */
export function Graph({ replay, selection, shape }) {
  const { network, broken, model, moments } = replay;
  const { peer: selected, select, selectMessage } = selection;
  const box = useRef(null);
  const size = useSize(box);
  const round = !['line', 'star', 'tree', 'grid'].includes(shape ?? '') || shape === 'star';
  const places = useMemo(() => {
    const many = network.peers.length > MANY;
    const margin = round ? [Math.min(84, size.width * 0.17), many ? 78 : 58] : [44, 34];
    return layout(shape, network.peers.length).map(([x, y]) => [
      margin[0] + x * (size.width - 2 * margin[0]), margin[1] + y * (size.height - 2 * margin[1])]);
  }, [network, shape, size]);
  const shown = useRef(/** @type {[message: number, x: number, y: number][]} */ ([]));
  const canvas = useRef(null);
  useMessages(canvas, shown, replay, { places, size, chosen: selection.message });
  /** @param {MouseEvent} event */
  const pick = (event) => {
    const { left, top } = box.current.getBoundingClientRect();
    const [x, y] = [event.clientX - left, event.clientY - top];
    const near = shown.current.map(([m, px, py]) => [Math.hypot(px - x, py - y), m])
      .sort((a, b) => a[0] - b[0])[0];
    if (near?.[0] <= NEAR) selectMessage(near[1]);
    else if (event.target === event.currentTarget) select(-1);
  };
  return html`
    <div class="graph" ref=${box}>
      <svg width=${size.width} height=${size.height} onClick=${pick} role="group"
        aria-label="Peers. Arrow keys go from peer to peer, Enter selects.">
        ${network.overlay ? html`<${OverlayLines} network=${network} broken=${broken} places=${places}
          selected=${selected} lasted=${model && model.last - model.first} />`
          : html`<${Lines} network=${network} broken=${broken} places=${places} selected=${selected} />`}
        ${network.peers.map((name, i) => html`
          <${Node} key=${name} i=${i} network=${network} place=${places[i]}
            centre=${round ? [size.width / 2, size.height / 2] : null} dead=${broken.dead.has(i)}
            selected=${selected} select=${select} />`)}
      </svg>
      <canvas ref=${canvas} aria-hidden="true"></canvas>
    </div>
    <${Legend} model=${model} moments=${moments} broken=${broken} network=${network} />`;
}

/**
 * @param {{
 *   i: number, network: Network, place: Point, centre: Point | null, dead: boolean,
 *   selected: number, select: (peer: number) => void,
 * }} props
 */
function Node({ i, network, place: [x, y], centre, dead, selected, select }) {
  const { peers, neighbours, overlay } = network;
  const name = peers[i];
  const region = network.regions[name];
  const chosen = i === selected;
  const dim = selected >= 0 && !chosen && !neighbours[selected].has(i);
  /** @param {KeyboardEvent & { currentTarget: SVGElement }} event */
  const keys = (event) => {
    const to = MOVES[event.key];
    if (event.key === 'Enter' || event.key === ' ') select(i);
    else if (to) nodesBeside(event.currentTarget).at(i + to)?.focus();
    else return;
    event.preventDefault();
  };
  const part = overlay ? partOf(overlay, i) : -1;
  const said = (dead ? 'killed' : plural(neighbours[i].size, 'neighbour')) + (region ? `, in ${region}` : '')
    + (part < 0 ? '' : `, in a component of ${overlay?.sizes[part]}`);
  return html`
    <g class=${`node ${chosen ? 'chosen' : ''} ${dim ? 'dim' : ''} ${dead ? 'dead' : ''}`} style=${partColour(overlay, i) ?? (region ? kindColour(region) : colour(name))}
      tabindex=${chosen || i === 0 ? 0 : -1}
      role="button" aria-pressed=${chosen} aria-label=${`${name}, ${said}`}
      onClick=${(event) => { event.stopPropagation(); select(i); }} onKeyDown=${keys}>
      <title>${name}: ${said}</title>
      <circle cx=${x} cy=${y} r=${RADIUS} />
      <text ...${label(x, y, centre, peers.length > MANY)}>${short(name)}</text>
    </g>`;
}

/** @param {SVGElement} node @returns {SVGElement[]} */
const nodesBeside = (node) => [.../** @type {NodeListOf<SVGElement>} */ (
  node.parentElement?.querySelectorAll('.node') ?? [])];

// Names are outside a circle, turned if they are many; otherwise below the peers.
/** @param {number} x @param {number} y @param {Point | null} centre @param {boolean} many */
function label(x, y, centre, many) {
  if (!centre || (x === centre[0] && y === centre[1])) {
    return { x, y: y + RADIUS + 13, 'text-anchor': 'middle' };
  }
  const angle = Math.atan2(y - centre[1], x - centre[0]);
  const far = RADIUS + 5;
  const [tx, ty] = [x + far * Math.cos(angle), y + far * Math.sin(angle)];
  const right = Math.cos(angle) >= 0;
  const outward = right ? 'start' : 'end';
  if (many) {
    const turn = (angle * 180) / Math.PI + (right ? 0 : 180);
    return { x: tx, y: ty, 'text-anchor': outward, 'dominant-baseline': 'central',
      transform: `rotate(${turn} ${tx} ${ty})` };
  }
  const across = Math.abs(Math.cos(angle)) < 0.3;
  return { x: tx, y: ty + (across ? Math.sign(Math.sin(angle)) * 6 : 0), 'dominant-baseline': 'central',
    'text-anchor': across ? 'middle' : outward };
}

// The list beside the graph has the whole name.
/** @param {string} name */
const short = (name) => (name.length > 11 ? `${name.slice(0, 10)}…` : name);

/**
 * @param {ElementRef} canvas
 * @param {{ current: [message: number, x: number, y: number][] }} shown
 * @param {Replay} replay
 * @param {{ places: Point[], size: Size, chosen: number }} picture
 */
function useMessages(canvas, shown, { network, model, moments, player }, { places, size, chosen }) {
  const scheme = useScheme();
  useEffect(() => {
    const element = canvas.current;
    const ratio = devicePixelRatio || 1;
    [element.width, element.height] = [size.width * ratio, size.height * ratio];
    const context = element.getContext('2d');
    const theme = readTheme(element.parentElement);
    return player.watch(({ at }) => {
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, size.width, size.height);
      if (!model || !moments) return;
      shown.current = underWay(model, moments, at).map((m) => {
        const [a, b] = [model.message.sender[m], model.message.receiver[m]]
          .map((peer) => places[network.placeOf[peer]]);
        const far = progress(moments, m, at);
        return [m, a[0] + (b[0] - a[0]) * far, a[1] + (b[1] - a[1]) * far];
      });
      for (const [m, x, y] of shown.current) dot(context, theme, model, m, x, y, m === chosen);
    });
  }, [network, model, moments, player, chosen, places, size, scheme]);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Theme} theme
 * @param {Model} model
 * @param {number} m
 * @param {number} x
 * @param {number} y
 * @param {boolean} chosen
 */
function dot(context, theme, { message, kinds }, m, x, y, chosen) {
  const lost = message.reason[m] >= 0;
  context.beginPath();
  context.arc(x, y, chosen ? DOT * 1.6 : DOT, 0, 2 * Math.PI);
  context.fillStyle = lost ? theme.bad : theme.kind(kinds[message.kind[m]]);
  context.fill();
  context.lineWidth = chosen ? 3 : 1.5;
  context.strokeStyle = chosen ? theme.text : theme.back;
  context.stroke();
  if (!lost) return;
  context.beginPath();
  context.moveTo(x - DOT - 2, y - DOT - 2);
  context.lineTo(x + DOT + 2, y + DOT + 2);
  context.strokeStyle = theme.bad;
  context.stroke();
}

/** @param {ElementRef} box */
function useSize(box) {
  const [size, setSize] = useState({ width: 640, height: 480 });
  useLayoutEffect(() => {
    const look = () => {
      const { width, height } = box.current.getBoundingClientRect();
      setSize({ width: Math.max(200, Math.floor(width)), height: Math.max(200, Math.floor(height)) });
    };
    const observer = new ResizeObserver(look);
    observer.observe(box.current);
    look();
    return () => observer.disconnect();
  }, []);
  return size;
}
