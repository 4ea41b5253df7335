// The picture: a canvas that shows a model in a view, and follows the pointer.
//
//   <DiagramCanvas
//     content={{ model, layout, view, marks, pending, flows, corner }}   what is drawn
//     on={{ view, pick, cut, seen }}                                     its events
//     label={text} />
//
//   pending          the fate of a message without a receipt (completeness.js);
//                    '' for one that never arrived
//   flows            when traffic flowed again in outages (use-flows.js)
//   corner           a ref to the element above the end of the axis
//   on.view(view)    the view to draw, after a drag or a zoom
//   on.pick(hit)     a click or tap, with what hit-test.js finds
//   on.cut(points)   the cut, after a drag of one of its handles; without this
//                    event the handles cannot be dragged
//   on.seen({ all, part, frame })   after a frame, with what is in sight
//
// The component changes nothing by itself: its owner replaces `view` (view.js), so
// two diagrams can share one. `model`, `layout` (layout.js) and `marks` (paint.js;
// `noMarks` are none) are read only; new ones are new objects.

import { html, useEffect, useLayoutEffect, useRef, useState } from '../vendor/preact-htm.js';
import { useScheme } from '../scheme.js';
import { straight } from './cut.js';
import { listen } from './gestures.js';
import { hit } from './hit-test.js';
import { paint } from './paint.js';
import { readTheme } from './theme.js';
import { Tooltip } from './tooltip.js';
import { frameOf, pan, taller, zoom } from './view.js';

export const noMarks = {
  step: -1, message: -1, peer: -1, highlighted: new Uint8Array(0), cone: null, cut: null, orphans: 0,
  found: null, wrong: new Set(),
};

/** @type {FlowsOf} */
const NOTHING = new Map();

/** @param {{ content: Content, on: CanvasEvents, label: string }} props */
export function DiagramCanvas({ content, on, label }) {
  const { model, layout, view, pending, flows = NOTHING } = content;
  const canvas = useRef(null);
  const size = useSize(canvas);
  const theme = useTheme(canvas, useScheme());
  const [hover, setHover] = useState(/** @type {Hover | null} */ (null));
  const now = useRef(/** @type {CanvasState} */ ({}));
  const scene = size && theme && view && { pending: '', ...content, size, theme };
  Object.assign(now.current, { scene, on, setHover });
  usePainting(canvas, now, scene);
  useEffect(() => listen(canvas.current, reactions(now.current)), []);
  useEffect(() => setHover(null), [view, layout]);
  return html`
    <div class="canvas-box">
      <canvas ref=${canvas} tabIndex="0" role="application" aria-label=${label}
        aria-describedby="diagram-help"></canvas>
      ${hover && html`<${Tooltip} model=${model} hover=${hover} size=${size} pending=${pending}
        flows=${flows} />`}
    </div>`;
}

// The reactions to gestures. `now` holds the scene and the events to raise.
/** @param {CanvasState} now @returns {Gestures} */
function reactions(now) {
  const current = () => now.painted?.frame ?? frameOf(now.scene.layout, now.scene.view, now.scene.size);
  // Several motions can come before one frame: each goes on from the last.
  /** @param {(layout: Layout, view: View) => View} change */
  const move = (change) => {
    const { layout, view } = now.scene;
    const next = change(layout, now.ahead ?? view);
    now.ahead = next;
    now.moved();
    now.on.view(next);
  };
  /** @param {number} x @param {number} y @param {string} [pointer] */
  const under = (x, y, pointer) => (now.painted ? hit(now.scene, now.painted, x, y, pointer) : null);
  return {
    frame: () => frameOf(now.scene.layout, now.ahead ?? now.scene.view, now.scene.size),
    zoom: (factor, at) => move((layout, view) => zoom(layout, view, factor, at)),
    pan: (by, down) => move((layout, view) => pan(layout, { ...view, top: current().top }, by, down)),
    taller: (factor) => move((_, view) => taller(view, current(), factor)),
    grab: (x, y, event) => {
      const what = now.on.cut && under(x, y, event.pointerType);
      return what?.handle === undefined ? null : { peer: what.handle };
    },
    drag: ({ peer }, x, event) => {
      const { cut } = now.scene.marks;
      if (cut) now.on.cut?.(movedCut(now.scene, cut, peer, current().fromX(x), event.shiftKey));
    },
    press: (x, y, event) => {
      const what = under(x, y, event.pointerType);
      if (what && what.handle === undefined) now.on.pick?.(what, event);
    },
    hover: (at, pointer) => {
      const what = at && under(at.x, at.y, pointer);
      now.element.style.cursor = cursorOver(what, now.on.cut);
      now.setHover(what && at && isNamed(what) ? { ...what, x: at.x, y: at.y } : null);
    },
  };
}

/** @param {Hit | null} what @param {CanvasEvents['cut']} onCut */
function cursorOver(what, onCut) {
  if (what?.handle !== undefined && onCut) return 'ew-resize';
  return what && (isNamed(what) || what.name) ? 'pointer' : '';
}

// A step, a message and an outage have a tooltip.
/** @param {Hit} hit */
const isNamed = (hit) => hit.step !== undefined || hit.message !== undefined || hit.outage !== undefined;

// The cut with one peer's point at a place on the axis; with Shift, every peer's.
/**
 * @param {Scene} scene
 * @param {CutPoints} cut
 * @param {number} peer
 * @param {number} x
 * @param {boolean} all
 */
function movedCut({ model, layout }, cut, peer, x, all) {
  const there = straight(layout, model, x);
  return cut.map((count, p) => (p === peer || (all && count >= 0) ? there[p] : count));
}

// The picture counts as at rest when nothing moved it for so long (ms).
const REST = 120;

// One frame for however many changes.
/**
 * @param {ElementRef} canvas
 * @param {{ current: CanvasState }} ref
 * @param {Scene | null} scene
 */
function usePainting(canvas, ref, scene) {
  const now = ref.current;
  const draw = () => {
    now.asked = 0;
    now.ahead = null;
    const { element, scene: { size }, moving } = now;
    const [wide, high] = [Math.round(size.width * size.ratio), Math.round(size.height * size.ratio)];
    if (element.width !== wide || element.height !== high) {
      [element.width, element.height] = [wide, high];
      Object.assign(element.style, { width: `${size.width}px`, height: `${size.height}px` });
    }
    const context = /** @type {CanvasRenderingContext2D} */ (element.getContext('2d', { alpha: false }));
    now.painted = paint(context, { ...now.scene, moving });
    element.dataset.steps = String(now.scene.model.step.count);
    const { sight: { all, part }, frame } = now.painted;
    if (!moving) now.on.seen?.({ all, part, frame });
  };
  now.ask = () => { now.asked ||= requestAnimationFrame(draw); };
  now.moved = () => {
    now.moving = true;
    clearTimeout(now.resting);
    now.resting = setTimeout(() => { now.moving = false; now.ask(); }, REST);
  };
  useLayoutEffect(() => {
    now.element = canvas.current;
    if (scene) now.ask();
  }, Object.values(scene ?? {}));
  useEffect(() => () => { cancelAnimationFrame(now.asked); clearTimeout(now.resting); }, []);
}

/** @param {ElementRef} canvas */
function useSize(canvas) {
  const [size, setSize] = useState(/** @type {Scene['size'] | null} */ (null));
  useLayoutEffect(() => {
    const look = () => {
      const box = canvas.current.parentElement.getBoundingClientRect();
      // A part of a pixel more or less would blur the whole picture.
      const [width, height] = [Math.max(80, Math.floor(box.width)), Math.max(60, Math.floor(box.height))];
      setSize({ width, height, ratio: devicePixelRatio || 1 });
    };
    const observer = new ResizeObserver(look);
    observer.observe(canvas.current.parentElement);
    look();
    return () => observer.disconnect();
  }, []);
  return size;
}

/** @param {ElementRef} canvas @param {string} scheme */
function useTheme(canvas, scheme) {
  const [theme, setTheme] = useState(/** @type {Theme | null} */ (null));
  useLayoutEffect(() => setTheme(readTheme(canvas.current.parentElement)), [scheme]);
  return theme;
}
