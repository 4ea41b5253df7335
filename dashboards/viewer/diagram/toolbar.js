// The toolbar above the picture: axis, cut, peers, search.

import { html } from '../vendor/preact-htm.js';
import { count, plural } from '../format.js';
import { PeerMenu } from './peer-menu.js';

/**
 * @param {{
 *   diagram: Diagram, search: StepSearch, table: boolean, setTable: (table: boolean) => void,
 * }} props
 */
export function Toolbar({ diagram, search, table, setTable }) {
  const { model, settings, set, cut, select, viewport } = diagram;
  return html`
    <div class="bar tools" role="toolbar" aria-label="Diagram">
      <${Axis} axis=${settings.axis} set=${set} />
      <${CutChoice} model=${model} cut=${cut} viewport=${viewport} />
      <${PeerMenu} model=${model} settings=${settings} set=${set} />
      <label class="check"><input type="checkbox" checked=${settings.local}
        onChange=${(e) => set({ local: e.currentTarget.checked })} />local steps</label>
      <${Search} search=${search} select=${select} />
      <button type="button" aria-pressed=${table} title="The steps in sight as a table"
        onClick=${() => setTable(!table)}>Table</button>
    </div>`;
}

/** @param {{ axis: Axis, set: SetSettings }} props */
function Axis({ axis, set }) {
  /** @param {Axis} value @param {string} text @param {string} title */
  const choice = (value, text, title) => html`
    <button type="button" aria-pressed=${axis === value} title=${title}
      onClick=${() => set({ axis: value, view: null })}>${text}</button>`;
  return html`<span class="group" role="group" aria-label="Axis">
    ${choice('time', 'Real time', 'When each step happened, by the clock')}
    ${choice('logical', 'Logical time', 'Lamport clocks: as far to the right as the longest chain of causes')}
  </span>`;
}

/** @param {{ model: Model, cut: Cut, viewport: Viewport }} props */
function CutChoice({ model, cut, viewport }) {
  const all = model.peers.length;
  const begin = () => {
    viewport.hold();
    cut.begin();
  };
  /** @param {string} chosen */
  const choose = (chosen) => (chosen === 'own' ? cut.across(viewport.middle()) : cut.choose(chosen));
  return html`
    <label>Cut
      <select value=${chosenOf(cut)} disabled=${cut.reading} title=${cut.reading ? 'When all of the run is read' : ''}
        onChange=${(e) => choose(e.currentTarget.value)}>
        <option value="none">none</option>
        ${cut.live && html`<option value="">the newest${cut.following && cut.snapshot ? `: ${cut.snapshot.snapshot}` : ''}</option>`}
        ${cut.snapshots.map((one) => html`<option key=${one.snapshot}
          value=${one.snapshot}>${nameOf(one, all)}</option>`)}
        <option value="own">my own</option>
      </select>
    </label>
    ${!cut.placing && html`<button type="button" onClick=${begin} disabled=${cut.reading}
      title="One click on each peer’s line">Place a cut</button>`}
    ${cut.placing && html`<button type="button" class="on" onClick=${cut.stop}>Stop placing</button>`}`;
}

/** @param {Cut} cut */
function chosenOf({ own, following, snapshot }) {
  if (own) return 'own';
  return following ? '' : snapshot?.snapshot ?? 'none';
}

/** @param {Snapshot} snapshot @param {number} all */
function nameOf({ snapshot, recorded: { length }, complete, aborted }, all) {
  if (complete.length === 0) return `snapshot ${snapshot} (${aborted.length ? 'aborted' : 'not complete'})`;
  return `snapshot ${snapshot}${length < all ? ` (${length} of ${plural(all, 'peer')})` : ''}`;
}

/** @param {{ search: StepSearch, select: Select }} props */
function Search({ search, select }) {
  /** @param {KeyboardEvent} event */
  const keys = (event) => {
    if (event.key === 'Enter') search.go(event.shiftKey ? -1 : 1, select);
    else if (event.key === 'Escape') search.setText('');
    else return;
    event.preventDefault();
  };
  return html`
    <span class="group search" role="search">
      <input id="search" type="search" value=${search.text} placeholder="Search: peer, kind, text"
        aria-label="Search steps by peer, kind and text; state.balance=90 by attribute"
        title="Peer, kind and text, all words of it. state.balance=90 searches by an attribute of the trace. Enter: the next one."
        onInput=${(e) => search.setText(e.currentTarget.value)} onKeyDown=${keys} />
      ${search.text && html`
        <button type="button" aria-label="The one before" title="The one before (Shift Enter)"
          onClick=${() => search.go(-1, select)}>‹</button>
        <button type="button" aria-label="The next one" title="The next one (Enter)"
          onClick=${() => search.go(1, select)}>›</button>
        <span class="note" role="status">${foundInWords(search)}</span>`}
    </span>`;
}

/** @param {StepSearch} search */
function foundInWords({ problem, ready, total, at, more }) {
  if (problem) return `cannot search: ${problem}`;
  if (!ready) return '…';
  if (total === 0) return 'nothing';
  return `${at >= 0 ? `${count(at + 1)} of ` : ''}${plural(total, 'step')}${more ? ' or more' : ''}`;
}
