// The picture: a canvas that shows a model in a view, and follows the pointer.
//
//   <Diagram model layout view marks
//     onView={(view) => …}         somebody moved it: this is where it should be
//     onPick={(picked) => …}       what hit-test.js finds
//     onCut={(cut) => …}           a handle of the cut was dragged; without it, there is nothing to drag
//     onSeen={({ all, part, frame }) => …}   after a frame, when what is in sight changed
//     label
//     pending={text}               what is said of a message without a receipt (completeness.js); '' of one that never arrived
//     corner={ref} />              what stands above the end of the axis
//
// It changes nothing by itself: `view` (view.js) is replaced by whoever owns it,
// so two diagrams can be given the same one. `model`, `layout` (layout.js) and
// `marks` (paint.js; `noMarks` are none) are read only; new ones are new objects.

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
  step: -1, message: -1, peer: -1, highlighted: new Uint8Array(0), cone: null, cut: null, orphans: 0, found: null,
};

export function DiagramCanvas({ model, layout, view, marks = noMarks, onView, onPick, onCut, onSeen, label, pending, corner }) {
  const canvas = useRef(null);
  const size = useSize(canvas);
  const theme = useTheme(canvas, useScheme());
  const [hover, setHover] = useState(null);
  const now = useRef({});
  const scene = size && theme && view && { model, layout, view, size, theme, marks, pending, corner };
  Object.assign(now.current, { scene, onView, onPick, onCut, onSeen, setHover });
  usePainting(canvas, now, scene);
  useEffect(() => listen(canvas.current, reactions(now.current)), []);
  useEffect(() => setHover(null), [view, layout]);
  return html`
    <div class="canvas-box">
      <canvas ref=${canvas} tabIndex="0" role="application" aria-label=${label}
        aria-describedby="diagram-help"></canvas>
      ${hover && html`<${Tooltip} model=${model} hover=${hover} size=${size} pending=${pending} />`}
    </div>`;
}

// What the pointer does. `now` holds the scene and the handlers to call.
function reactions(now) {
  const current = () => now.painted?.frame ?? frameOf(now.scene.layout, now.scene.view, now.scene.size);
  // Several motions can come before one frame: each goes on from the last.
  const move = (change) => {
    const { layout, view } = now.scene;
    const next = change(layout, now.ahead ?? view);
    now.ahead = next;
    now.moved();
    now.onView(next);
  };
  const under = (x, y, pointer) => (now.painted ? hit(now.scene, now.painted, x, y, pointer) : null);
  return {
    frame: () => frameOf(now.scene.layout, now.ahead ?? now.scene.view, now.scene.size),
    zoom: (factor, at) => move((layout, view) => zoom(layout, view, factor, at)),
    pan: (by, down) => move((layout, view) => pan(layout, { ...view, top: current().top }, by, down)),
    taller: (factor) => move((_, view) => taller(view, current(), factor)),
    grab: (x, y, event) => {
      const what = now.onCut && under(x, y, event.pointerType);
      return what?.handle === undefined ? null : { peer: what.handle };
    },
    drag: ({ peer }, x, event) => now.onCut(moved(now.scene, current(), peer, x, event.shiftKey)),
    press: (x, y, event) => {
      const what = under(x, y, event.pointerType);
      if (what && what.handle === undefined) now.onPick?.(what, event);
    },
    hover: (x, y, pointer) => {
      const what = x === null ? null : under(x, y, pointer);
      now.element.style.cursor = cursorOver(what, now.onCut);
      now.setHover(tells(what) ? { ...what, x, y } : null);
    },
  };
}

function cursorOver(what, onCut) {
  if (what?.handle !== undefined && onCut) return 'ew-resize';
  return tells(what) || what?.name ? 'pointer' : '';
}

const tells = (what) => what && (what.step !== undefined || what.message !== undefined);

// The cut with one peer's point where the pointer is; with Shift, everybody's.
function moved({ model, layout, marks }, { fromX }, peer, px, all) {
  const there = straight(layout, model, fromX(px));
  return marks.cut.map((count, p) => (p === peer || (all && count >= 0) ? there[p] : count));
}

// The picture counts as at rest when nothing moved it for so long (ms).
const REST = 120;

// One frame for however many changes.
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
    now.painted = paint(element.getContext('2d', { alpha: false }), { ...now.scene, moving });
    element.dataset.steps = now.scene.model.step.count;
    const { sight: { all, part }, frame } = now.painted;
    if (!moving) now.onSeen?.({ all, part, frame });
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

function useSize(canvas) {
  const [size, setSize] = useState(/** @type {{ width: number, height: number, ratio: number } | null} */ (null));
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

function useTheme(canvas, scheme) {
  const [theme, setTheme] = useState(/** @type {Theme | null} */ (null));
  useLayoutEffect(() => setTheme(readTheme(canvas.current.parentElement)), [scheme]);
  return theme;
}
