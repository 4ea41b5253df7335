// The steps that the arrow keys lead to.
//
//   → ←            the next step, the one before, in causal order over all peers
//   Shift → ←      along the peer's line
//   ↓ ↑            along the message that the step sent; back along the one it received
//   Shift ↓ ↑      the other receivers of what the same step sent
//   Home End       the first and last step of the peer

import { clocks } from '../causality.js';

// The step that a key leads to; -1 for none, undefined for any other key.
/**
 * @param {{ key: string, shiftKey: boolean }} pressed
 * @param {{ model: Model, layout: Layout, view: View, step: number }} shown
 */
export function stepByKey({ key, shiftKey }, { model, layout, view, step }) {
  /** @param {number} s */
  const seen = (s) => layout.rowOf[model.step.peer[s]] >= 0;
  /** @param {1 | -1} by */
  const onward = (by) => (
    shiftKey ? along(layout, model, step, by) : inOrder(model, layout, view, step, by));
  switch (key) {
    case 'ArrowRight': return onward(1);
    case 'ArrowLeft': return onward(-1);
    case 'ArrowDown':
      return shiftKey ? sibling(model, seen, step, 1) : receivers(model, step).find(seen) ?? -1;
    case 'ArrowUp': return shiftKey ? sibling(model, seen, step, -1) : sender(model, step);
    case 'Home': return step < 0 ? -1 : layout.lines[model.step.peer[step]].steps[0] ?? -1;
    case 'End': return step < 0 ? -1 : layout.lines[model.step.peer[step]].steps.at(-1) ?? -1;
    default: return undefined;
  }
}

// Only steps that are drawn: a layout can leave local ones out. Without a selection,
// the first or last step in sight.
/**
 * @param {Model} model
 * @param {Layout} layout
 * @param {View} view
 * @param {number} step
 * @param {1 | -1} by
 */
function inOrder(model, layout, { start, span }, step, by) {
  const { order, place } = clocks(model);
  const drawn = drawnSteps(layout, model);
  /** @param {number} s */
  const seen = (s) => step >= 0 || (layout.x[s] >= start && layout.x[s] <= start + span);
  const end = by > 0 ? -1 : order.length;
  let i = step < 0 ? end : place[step];
  do i += by; while (i >= 0 && i < order.length && !(drawn[order[i]] && seen(order[i])));
  return order[i] ?? -1;
}

const kept = new WeakMap();

/** @param {Layout} layout @param {Model} model */
function drawnSteps(layout, model) {
  if (!kept.has(layout)) {
    const drawn = new Uint8Array(model.step.count);
    for (const { steps } of layout.lines) for (const s of steps) drawn[s] = 1;
    kept.set(layout, drawn);
  }
  return kept.get(layout);
}

/** @param {Layout} layout @param {Model} model @param {number} step @param {1 | -1} by */
function along(layout, model, step, by) {
  if (step < 0) return -1;
  const { steps } = layout.lines[model.step.peer[step]];
  const i = steps.indexOf(step);
  return i < 0 ? steps[0] ?? -1 : steps[i + by] ?? -1;
}

/** @param {Model} model @param {number} step */
const receivers = (model, step) => (step < 0 ? []
  : model.sent(step).map((m) => model.message.to[m]).filter((s) => s >= 0));

/** @param {Model} model @param {number} step */
function sender(model, step) {
  const received = step < 0 ? -1 : model.step.received[step];
  return received < 0 ? -1 : model.message.from[received];
}

/**
 * @param {Model} model
 * @param {(s: number) => boolean} seen
 * @param {number} step
 * @param {1 | -1} by
 */
function sibling(model, seen, step, by) {
  const all = receivers(model, sender(model, step)).filter(seen);
  return all[all.indexOf(step) + by] ?? -1;
}
