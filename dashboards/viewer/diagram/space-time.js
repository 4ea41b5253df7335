// The space-time view: the picture, what can be set about it, and the panel
// with what is selected and what the cut says.

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
import { useMarks } from './use-marks.js';
import { useSearch } from './use-search.js';
import { useSettings } from './use-settings.js';
import { useView } from './use-view.js';
import { describe, messageInWords, stepInWords } from './descriptions.js';

export function SpaceTime({ route, event, run, model, revision, whole, problem }) {
  if (!model || model.step.count === 0) {
    return html`<p class="empty" role="status">${nothing(whole, event, problem)}</p>`;
  }
  return html`<${SpaceTimeOf} route=${route} event=${event} run=${run} model=${model} revision=${revision}
    whole=${whole} problem=${problem} />`;
}

function nothing(whole, event, problem) {
  if (problem) return `The run cannot be read: ${problem}.`;
  if (!whole) return 'Reading the run …';
  if (event?.live) return 'No peer has taken a step yet.';
  return html`No process of this run took steps that a space-time diagram could show.
    What happened stands in the <a href="#/traces">traces</a>.`;
}

function SpaceTimeOf({ route, event, run, model, revision, whole, problem }) {
  const live = event?.live ?? false;
  const { settings, set } = useSettings(route, model, revision);
  const { axis, hidden, grouped, silent, local } = settings;
  const layout = useMemo(() => arrange(model, settings), [
    model, revision, axis, key(hidden), key(grouped), key(silent), local]);
  const cut = useCut({ model, revision, event, run, whole, settings, set, layout });
  const open = pending(model, run, event, whole);
  const search = useSearch(model, revision);
  const marks = useMarks(model, revision, settings, cut, search);
  const picture = useRef(null);
  const corner = useRef(null);
  const viewport = useView(layout, settings, set, cut, live, picture);
  const [seen, setSeen] = useState({ all: 0, part: 1 });
  const [table, setTable] = useState(false);

  // A selection is shown wherever it comes from.
  const select = useCallback((change) => set({ step: -1, message: -1, peer: -1, unfound: {}, ...change }), [set]);
  useEffect(() => {
    if (settings.step >= 0) viewport.show(settings.step);
    else if (settings.message >= 0) viewport.show(model.message.from[settings.message]);
  }, [settings.step, settings.message]);

  const pick = (what) => {
    if (cut.placing && !what.name) cut.place(layout.rows[what.row].peers, what.place);
    else if (what.name) select({ peer: layout.rows[what.row].peers[0] });
    else if (what.step !== undefined) select({ step: what.step });
    else if (what.message !== undefined) select({ message: what.message });
    else select({});
  };
  const drag = (points) => {
    viewport.hold();
    cut.drag(points);
  };
  useKeys((pressed) => {
    const done = command(pressed, { viewport, select, search });
    const to = done ? undefined : stepByKey(pressed, { model, layout, view: viewport.view, step: at(model, settings) });
    if (!done && to === undefined) return;
    pressed.preventDefault();
    if (to >= 0) select({ step: to });
  });
  const onSeen = useCallback((next) => setSeen((last) => (
    last.all === next.all && last.part === next.part ? last : next)), []);

  const toolbar = useMemo(() => html`<${Toolbar} model=${model} settings=${settings}
    set=${set} cut=${cut} search=${search} select=${select} viewport=${viewport} table=${table} setTable=${setTable} />`,
  [model, revision, settings, cut, search, table]);
  const panel = useMemo(() => html`<${Panel} model=${model} run=${run} settings=${settings} cut=${cut}
    pending=${open} select=${select} set=${set} viewport=${viewport} />`, [model, revision, run, settings, cut, open]);
  return html`
    <section class="space-time" aria-label="Space-time diagram">
      ${toolbar}
      <${ControlBar} event=${event} model=${model} />
      ${problem && html`<p class="banner bad" role="alert">The run cannot be read on: ${problem}</p>`}
      ${whole && html`<${Unfound} names=${settings.unfound} cut=${cut} live=${live} />`}
      <div class="split">
        <div class="picture" ref=${picture}>
          ${!table && html`<${Zoom} viewport=${viewport} live=${live} corner=${corner} />`}
          ${table
            ? html`<${StepTable} model=${model} layout=${layout} view=${viewport.view} select=${select}
                chosen=${settings.step} pending=${open} />`
            : html`<${DiagramCanvas} model=${model} layout=${layout} view=${viewport.view} marks=${marks} pending=${open}
              corner=${corner}
                onView=${viewport.move} onPick=${pick} onCut=${drag} onSeen=${onSeen}
                label=${describe(model, seen.all)} />`}
          <${Legend} model=${model} layout=${layout} settings=${settings} set=${set} marks=${marks} cut=${cut}
            seen=${seen}
            whole=${whole} pending=${open} />
        </div>
        ${panel}
      </div>
      <p class="unseen" role="status">${spoken(model, settings, open)}</p>
      <p class="unseen" id="diagram-help">Right and left arrow: the next step and the one before, in causal order.
        With Shift: of the same peer. Down: along the message that the step sent. Up: back to the sender of the one it received.
        Question mark: all keys.</p>
    </section>`;
}

// What the address names and is not there: a link of another run, or one that was mistyped.
function Unfound({ names, cut, live }) {
  const told = Object.entries(names).map(([what, name]) => (
    `This run has ${live ? 'as yet ' : ''}no ${what} ${name}, which the address names.`));
  if (cut.absent) told.push(cut.absent);
  return told.length > 0 && html`<p class="banner" role="alert">${told.join(' ')}</p>`;
}

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

const key = (set) => [...set].join();

// From a message, the keys go on from its sending.
const at = (model, { step, message }) => (step >= 0 || message < 0 ? step : model.message.from[message]);

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

function spoken(model, { step, message, peer }, open) {
  if (step >= 0) return stepInWords(model, step);
  if (message >= 0) return messageInWords(model, message, open);
  return peer >= 0 ? `${model.peers[peer]}, ${plural(model.line(peer).length, 'step')}` : '';
}
