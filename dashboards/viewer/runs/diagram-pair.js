// The diagrams of two runs, laid so that the first step that differs stands at
// the same place in both. They move together.

import { html, useMemo, useState } from '../vendor/preact-htm.js';
import { DiagramCanvas, noMarks } from '../diagram/diagram-canvas.js';
import { arrange } from '../diagram/layout.js';
import { describe } from '../diagram/descriptions.js';
import { useKeys } from '../keys.js';
import { stepInShort } from './run-difference.js';

// In logical time, since no two runs take the same time.
/** @type {LayoutSettings} */
const SETTINGS = { axis: 'logical', hidden: new Set(), grouped: new Set(), silent: new Set(), local: true };

/** @param {{ found: RunDifference, a: ReadRun, b: ReadRun, names: any[] }} props */
export function Pair({ found: { first }, a, b, names }) {
  const one = useOne(a, first, first?.a ?? -1);
  const two = useOne(b, first, first?.b ?? -1);
  const [view, setView] = useState(() => around(one, two));
  useKeys((event) => keys(event, view, setView));
  /** @param {Side} side */
  const shown = (side) => ({ ...view, start: side.anchor + view.start });
  /** @param {Side} side */
  const follow = (side) => (/** @type {View} */ next) =>
    setView({ ...next, start: next.start - side.anchor });
  /** @param {Side} side */
  const picked = (side) => (/** @type {Hit} */ what) => {
    if (what.step !== undefined) side.choose({ step: what.step, message: -1 });
    else side.choose({ step: -1, message: what.message ?? -1 });
  };
  const back = () => {
    setView(around(one, two));
    one.choose({ step: first?.a ?? -1, message: -1 });
    two.choose({ step: first?.b ?? -1, message: -1 });
  };
  return html`
    ${first && html`<p class="there"><button type="button" class="link"
      onClick=${back}>Show where they part</button></p>`}
    <div class="both">
      ${[{ model: a.model, side: one }, { model: b.model, side: two }].map(({ model, side }, i) => html`
        <div class="one" key=${i}>
          <h3>${names[i]}</h3>
          <div class="picture"><${DiagramCanvas}
            content=${{ model, layout: side.layout, view: shown(side), marks: side.marks }}
            on=${{ view: follow(side), pick: picked(side) }}
            label=${`Run ${'AB'[i]}. ${describe(model, model.step.count)} ${
              'Arrow keys move, plus and minus zoom, both runs together.'}`} /></div>
          <p class="note" role="status">${chosen(model, side.selected)}</p>
        </div>`)}
    </div>`;
}

/** @param {Model} model @param {{ step: number, message: number }} selected */
function chosen(model, { step, message }) {
  if (step >= 0) return `${model.peers[model.step.peer[step]]}, step ${model.step.rank[step] + 1}: ${stepInShort(model, step)}`;
  return message >= 0 ? `message: ${model.kinds[model.message.kind[message]]} ${model.texts[message]}` : '';
}

/** @param {ReadRun} run @param {PeerDifference | null} first @param {number} step @returns {Side} */
function useOne({ model, revision }, first, step) {
  const layout = useMemo(() => arrange(model, SETTINGS), [model, revision]);
  const [selected, choose] = useState({ step, message: -1 });
  const marks = useMemo(() => ({ ...noMarks, ...selected }), [selected]);
  return { layout, selected, choose, marks, anchor: anchorOf(model, layout, first, step) };
}

// A run without such a step is placed after its last step that is the same.
/**
 * @param {Model} model
 * @param {Layout} layout
 * @param {PeerDifference | null} first
 * @param {number} step
 */
function anchorOf(model, layout, first, step) {
  if (!first) return layout.begin;
  if (step >= 0) return layout.x[step];
  const peer = model.peerOf(first.peer);
  const before = peer < 0 ? undefined : model.line(peer)[first.same - 1];
  return before === undefined ? layout.begin : layout.x[before] + 1;
}

// At first some thirty columns are in sight, before and after the first step that
// differs.
const AROUND = 30;

/** @param {Side} one @param {Side} two */
function around(one, two) {
  const longest = Math.max(...[one, two].map(({ layout }) => layout.finish - layout.begin), 4);
  const span = Math.min(AROUND, longest * 1.1);
  const before = Math.max(...[one, two].map(({ layout, anchor }) => anchor - layout.begin));
  return { start: -Math.min(before + span * 0.05, span / 2), span, top: 0, row: 0 };
}

/** @param {KeyboardEvent} event @param {View} view @param {(view: View) => void} setView */
function keys(event, view, setView) {
  /** @param {number} factor */
  const zoomed = (factor) => ({ ...view, span: view.span * factor, start: view.start * factor });
  /** @param {number} part */
  const moved = (part) => ({ ...view, start: view.start + view.span * part });
  const next = {
    ArrowRight: () => moved(0.1), ArrowLeft: () => moved(-0.1),
    ArrowDown: () => ({ ...view, top: view.top + 30 }),
    ArrowUp: () => ({ ...view, top: Math.max(0, view.top - 30) }),
    '+': () => zoomed(1 / 1.5), '=': () => zoomed(1 / 1.5), '-': () => zoomed(1.5),
  }[event.key];
  if (!next) return;
  event.preventDefault();
  setView(next());
}
