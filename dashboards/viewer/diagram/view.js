// Which part of the layout is in sight, and where it is on the canvas.
//
// A view is { start, span, top, row }: the axis from `start` for `span` over the
// width of the plot, scrolled down by `top` pixels; `row` pixels for a peer, or 0
// for as many as fit. Views are never changed, only replaced.

const GUTTER = 96;
const NARROW_GUTTER = 76;
const RIGHT = 20;
export const HEAD = 28;
const FOOT = 10;

// A row is at least so high that its name can be read, and not so high that
// arrows become steep.
const LEAST_ROW = 15;
const MOST_ROW = 110;
const CLOSEST_ROW = 4;

// Closer, there is nothing more to distinguish.
const NEAREST = { time: 50, logical: 0.5 };

// Numbers for one canvas: `toX` of a place on the axis, `toY` of a row.
/** @param {{ rows: unknown[] }} layout @param {View} view @param {Size} size */
export function frameOf(layout, view, { width, height }) {
  const gutter = width < 560 ? NARROW_GUTTER : GUTTER;
  const plot = Math.max(40, width - gutter - RIGHT);
  const room = Math.max(40, height - HEAD - FOOT);
  const row = view.row || Math.min(MOST_ROW, Math.max(LEAST_ROW, room / Math.max(1, layout.rows.length)));
  const tall = row * layout.rows.length;
  const top = Math.min(Math.max(0, view.top), Math.max(0, tall - room));
  const scale = plot / view.span;
  return {
    width, height, gutter, plot, room, row, tall, top, scale,
    left: view.start, right: view.start + view.span,
    /** @param {number} x */
    toX: (x) => gutter + (x - view.start) * scale,
    /** @param {number} index */
    toY: (index) => HEAD + (index + 0.5) * row - top,
    /** @param {number} px */
    fromX: (px) => view.start + (px - gutter) / scale,
    /** @param {number} py */
    rowAt: (py) => Math.floor((py - HEAD + top) / row),
    firstRow: Math.max(0, Math.floor((top - FOOT) / row)),
    lastRow: Math.min(layout.rows.length, Math.ceil((top + room + FOOT) / row)),
  };
}

// A tenth of what is shown stays free at the ends.
/**
 * @param {AxisRange} layout
 * @param {number} from
 * @param {number} to
 * @param {number} [margin]
 */
export function around(layout, from, to, margin = 0.06) {
  const least = NEAREST[layout.axis] * 4;
  const wide = Math.max(to - from, least);
  const middle = (from + to) / 2;
  const span = wide * (1 + 2 * margin);
  return { start: middle - span / 2, span, top: 0, row: 0 };
}

/** @param {AxisRange} layout */
export const fit = (layout) => around(layout, layout.begin, layout.finish, 0.03);

// `at` is the place on the axis that stays under the pointer.
/** @param {AxisRange} layout @param {View} view @param {number} factor @param {number} at */
export function zoom(layout, view, factor, at) {
  const most = Math.max(layout.finish - layout.begin, NEAREST[layout.axis]) * 4;
  const span = Math.min(most, Math.max(NEAREST[layout.axis], view.span * factor));
  return { ...view, span, start: at - (at - view.start) * (span / view.span) };
}

// A part of the run always stays in sight.
/** @param {AxisRange} layout @param {View} view @param {number} by @param {number} [down] */
export function pan(layout, view, by, down = 0) {
  const start = Math.min(layout.finish - view.span * 0.1,
    Math.max(layout.begin - view.span * 0.9, view.start + by));
  return { ...view, start, top: Math.max(0, view.top + down) };
}

/** @param {View} view @param {Frame} frame @param {number} factor */
export function taller(view, frame, factor) {
  return { ...view, row: Math.min(MOST_ROW * 2, Math.max(CLOSEST_ROW, frame.row * factor)) };
}

// Moved as little as needed for a place to be seen, with room around it.
/**
 * @param {Layout} layout
 * @param {View} view
 * @param {number} x
 * @param {number} index
 * @param {Size} size
 */
export function reveal(layout, view, x, index, size) {
  const frame = frameOf(layout, view, size);
  const margin = view.span * 0.08;
  let { start } = view;
  let { top } = frame;
  if (x < frame.left + margin || x > frame.right - margin) start = x - view.span / 2;
  if (index * frame.row < top) top = index * frame.row;
  if ((index + 1) * frame.row > top + frame.room) top = (index + 1) * frame.row - frame.room;
  return start === view.start && top === frame.top ? view : { ...view, start, top };
}

// Places for about so many lines on the axis, at 1, 2 or 5 times a power of ten.
/** @param {number} from @param {number} to @param {number} wanted */
export function ticks(from, to, wanted) {
  const rough = (to - from) / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((part) => part * power >= rough) ?? 10);
  const first = Math.ceil(from / step);
  const last = Math.floor(to / step);
  const places = Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => (first + i) * step);
  return { step, places };
}

/** @type {[string, number][]} */
const UNITS = [['s', 1e9], ['ms', 1e6], ['µs', 1e3], ['ns', 1]];

// With as many digits as distinguish two neighbours, in the unit that fits the
// greatest of them.
/** @param {number} ns @param {number} step @param {number} greatest */
export function tickText(ns, step, greatest) {
  const [unit, size] = UNITS.find(([, scale]) => greatest >= scale * 0.999) ?? UNITS[UNITS.length - 1];
  const digits = Math.max(0, -Math.floor(Math.log10(step / size) + 1e-9));
  // No minus before nothing.
  return `${(ns / size).toFixed(digits).replace(/^-(0\.?0*)$/, '$1')} ${unit}`;
}
