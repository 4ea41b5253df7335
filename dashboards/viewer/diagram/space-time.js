// The space-time view: the picture, its settings, and the panel with the selection and
// the cut.

import { html, useCallback, useEffect, useMemo, useRef, useState } from '../vendor/preact-htm.js';
import { plural } from '../format.js';
import { useKeys } from '../keys.js';
import { DiagramCanvas } from './diagram-canvas.js';
import { ControlBar } from './run-controls.js';
import { Legend } from './legend.js';
import { pending } from './completeness.js';
import { Panel } from './panel.js';
import { StepTable } from './step-table.js';
import { Toolbar } from './toolbar.js';
import { arrange } from './layout.js';
import { stepByKey } from './arrow-keys.js';
import { useCut } from './use-cut.js';
import { useFlows } from './use-flows.js';
import { useMarks } from './use-marks.js';
import { useSearch } from './use-search.js';
import { useSettings } from './use-settings.js';
import { useView } from './use-view.js';
import { Violations, useWrong } from './violations.js';
import { describe, messageInWords, stepInWords } from './descriptions.js';

/** @param {{ route: Route, event: ServerEvent | null, run: Run | null, loaded: LoadedModel }} props */
export function SpaceTime({ route, event, run, loaded }) {
  const { model, whole, error } = loaded;
  if (!model || model.step.count === 0) {
    return html`<p class="empty" role="status">${nothing(whole, event, error)}</p>`;
  }
  return html`<${SpaceTimeOf} route=${route} event=${event} run=${run} loaded=${loaded} />`;
}

/** @param {boolean} whole @param {ServerEvent | null} event @param {string | null} problem */
function nothing(whole, event, problem) {
  if (problem) return `The run cannot be read: ${problem}.`;
  if (!whole) return 'Reading the run …';
  if (event?.live) return 'No peer has taken a step yet.';
  return html`No process of this run took steps that a space-time diagram could show.
    The <a href="#/traces">traces</a> show what happened.`;
}

/**
 * @param {{
 *   route: Route, event: ServerEvent | null, run: Run | null,
 *   loaded: LoadedModel & { model: Model },
 * }} props
 */
function SpaceTimeOf({ route, event, run, loaded }) {
  const { model, revision, whole, error } = loaded;
  const live = event?.live ?? false;
  const { settings, set } = useSettings(route, model, revision);
  const { axis, hidden, grouped, silent, local } = settings;
  const names = run?.experiment?.options?.names;
  const layout = useMemo(() => arrange(model, { ...settings, names }), [
    model, revision, axis, key(hidden), key(grouped), key(silent), local, names]);
  const cut = useCut({ model, revision, event, run, whole, settings, set, layout });
  const open = pending(model, run, event, whole);
  const search = useSearch(model, revision);
  const wrong = useWrong(model, revision, run);
  const marks = useMarks(model, revision, { settings, cut, search, wrong });
  const picture = useRef(null);
  const corner = useRef(null);
  const viewport = useView(layout, settings, set, cut, live, picture);
  const flows = useFlows(model, revision, { layout, view: viewport.view, peer: settings.peer, live, whole });
  const [seen, setSeen] = useState({ all: 0, part: 1 });
  const [table, setTable] = useState(false);

  // A selection is shown wherever it comes from.
  const select = useCallback((/** @type {Partial<Settings>} */ change) =>
    set({ step: -1, message: -1, peer: -1, unfound: {}, ...change }), [set]);
  useEffect(() => {
    if (settings.step >= 0) viewport.show(settings.step);
    else if (settings.message >= 0) viewport.show(model.message.from[settings.message]);
  }, [settings.step, settings.message]);

  /** @param {Hit} what */
  const pick = (what) => {
    if (cut.placing && !what.name) cut.place(layout.rows[what.row].peers, what.place);
    else if (what.name) select({ peer: layout.rows[what.row].peers[0] });
    else if (what.step !== undefined) select({ step: what.step });
    else if (what.message !== undefined) select({ message: what.message });
    else if (what.outage) select({ peer: layout.rows[what.row].peers[0] });
    else select({});
  };
  /** @param {CutPoints} points */
  const drag = (points) => {
    viewport.hold();
    cut.drag(points);
  };
  useKeys((pressed) => {
    const done = command(pressed, { viewport, select, search });
    const to = done ? undefined
      : stepByKey(pressed, { model, layout, view: viewport.view, step: at(model, settings) });
    if (!done && to === undefined) return;
    pressed.preventDefault();
    if (to !== undefined && to >= 0) select({ step: to });
  });
  const onSeen = useCallback((/** @type {typeof seen} */ next) => setSeen((last) => (
    last.all === next.all && last.part === next.part ? last : next)), []);

  const diagram = { model, run, layout, settings, set, select, cut, viewport, pending: open, flows };
  const toolbar = useMemo(() => html`<${Toolbar} diagram=${diagram} search=${search} table=${table}
    setTable=${setTable} />`, [model, revision, settings, cut, search, table]);
  const panel = useMemo(() => html`<${Panel} diagram=${diagram} />`,
    [model, revision, run, settings, cut, open, flows]);
  return html`
    <section class="space-time" aria-label="Space-time diagram">
      ${toolbar}
      <${ControlBar} event=${event} model=${model} />
      ${error && html`<p class="banner bad" role="alert">The run cannot be read on: ${error}</p>`}
      ${whole && html`<${Unfound} names=${settings.unfound} cut=${cut} live=${live} />`}
      <${Violations} diagram=${diagram} />
      <div class="split">
        <div class="picture" ref=${picture}>
          ${!table && html`<${Zoom} viewport=${viewport} live=${live} corner=${corner} />`}
          ${table
            ? html`<${StepTable} diagram=${diagram} view=${viewport.view} />`
            : html`<${DiagramCanvas} label=${describe(model, seen.all)}
                content=${{ model, layout, view: viewport.view, marks, pending: open, corner, flows }}
                on=${{ view: viewport.move, pick, cut: drag, seen: onSeen }} />`}
          <${Legend} diagram=${diagram} marks=${marks} seen=${seen} whole=${whole} />
        </div>
        ${panel}
      </div>
      <p class="unseen" role="status">${spoken(model, settings, open)}</p>
      <p class="unseen" id="diagram-help">Right and left arrow: the next step and the one before, in causal order.
        With Shift: of the same peer. Down: along the message that the step sent. Up: back to the sender of the one it received.
        Question mark: all keys.</p>
    </section>`;
}

// Names in the address that this run does not have: the link is of another run, or mistyped.
/** @param {{ names: Settings['unfound'], cut: Cut, live: boolean }} props */
function Unfound({ names, cut, live }) {
  const sentences = Object.entries(names).map(([what, name]) => (
    `This run has ${live ? 'as yet ' : ''}no ${what} ${name}, which the address names.`));
  if (cut.absent) sentences.push(cut.absent);
  return sentences.length > 0 && html`<p class="banner" role="alert">${sentences.join(' ')}</p>`;
}

/** @param {{ viewport: Viewport, live: boolean, corner: ElementRef }} props */
function Zoom({ viewport, live, corner }) {
  return html`
    <span ref=${corner} class="group zoom" role="group" aria-label="What is in sight">
      ${!viewport.auto && html`<button type="button"
        title=${live ? 'Go with the newest step again' : 'Back to where the view was at first'}
        onClick=${viewport.reset}>${live ? 'Follow' : 'Reset'}</button>`}
      <button type="button" title="Farther (−)" aria-label="Farther" onClick=${() => viewport.zoom(1.5)}>−</button>
      <button type="button" title="Closer (+)" aria-label="Closer" onClick=${() => viewport.zoom(1 / 1.5)}>+</button>
      <button type="button" title="All of the run (F)" onClick=${viewport.fit}>Fit</button>
    </span>`;
}

/** @param {Set<number>} set */
const key = (set) => [...set].join();

// From a message, the keys go on from its sending.
/** @param {Model} model @param {Settings} settings */
const at = (model, { step, message }) => (step >= 0 || message < 0 ? step : model.message.from[message]);

/**
 * @param {{ key: string }} pressed
 * @param {{ viewport: Viewport, select: Select, search: StepSearch }} actions
 */
function command({ key: pressed }, { viewport, select, search }) {
  switch (pressed) {
    case '+': case '=': viewport.zoom(1 / 1.5); return true;
    case '-': case '_': viewport.zoom(1.5); return true;
    case 'f': case '0': viewport.fit(); return true;
    case 'c': viewport.toCut(); return true;
    case 'n': search.go(1, select); return true;
    case 'N': search.go(-1, select); return true;
    case 'Escape': select({}); return true;
    case '/': document.getElementById('search')?.focus(); return true;
    default: return false;
  }
}

/** @param {Model} model @param {Settings} settings @param {string} open */
function spoken(model, { step, message, peer }, open) {
  if (step >= 0) return stepInWords(model, step);
  if (message >= 0) return messageInWords(model, message, open);
  return peer >= 0 ? `${model.peers[peer]}, ${plural(model.line(peer).length, 'step')}` : '';
}
