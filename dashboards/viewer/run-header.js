// The head of the page: the run, its verdict, and its losses.

import { html } from './vendor/preact-htm.js';
import { KeysButton } from './keys.js';
import { SchemeButton } from './scheme.js';
import { count, duration, plain, plural } from './format.js';
import { allOptions, headOptions } from './run-options.js';

// Values that `run.json` lacks are left out: it fills while the run goes on.
// `children` is the navigation, `view` the current view.
/**
 * @param {{
 *   run: Run, event: ServerEvent | null, connected: boolean | null, view: string,
 *   children?: any,
 * }} props
 */
export function RunHeader({ run, event, connected, view, children }) {
  // Spans are counted when the run is over.
  const spans = (event?.live ? null : run.spans) ?? {};
  const stored = event?.spans ?? spans.stored;
  return html`
    <header class="run">
      <div class="title">
        <h1><a href="#/">${run.experiment?.name ?? 'testbed'}</a></h1>
        <${Verdict} run=${run} event=${event} connected=${connected} />
        ${connected === false && html`
          <span class="badge unknown" role="status">viewer stopped: the run is shown as it was last</span>`}
      </div>
      ${children}
      <dl class="facts">
        ${headOptions(run).map(([name, text]) => html`<${Fact} key=${name} name=${name} value=${text} />`)}
        <${Fact} name="peers" value=${run.peers !== undefined && peersOf(run)} />
        <${Fact} name="topology" value=${run.topology} />
        <${Fact} name="transport" value=${run.transport} />
        <${Fact} name="seed" value=${run.seed} />
        ${spans.started !== undefined && spans.started !== stored
          && html`<${Fact} name="spans started" value=${count(spans.started)} />`}
        <${Fact} name="spans stored" value=${stored !== undefined && count(stored)} />
        <${Fact} name="lost" value=${spans.lost !== undefined && count(spans.lost)}
          bad=${spans.lost > 0} />
      </dl>
      <span class="row-of-buttons"><${KeysButton} view=${view} /><${SchemeButton} /></span>
      <${More} run=${run} />
    </header>
    <${Losses} spans=${spans} />`;
}

/** @param {{ run: Run, event: ServerEvent | null, connected: boolean | null }} props */
function Verdict({ run, event, connected }) {
  const status = run.verdict?.status;
  // A run that goes on has no verdict yet, or the verdict unknown.
  if (event?.live && (!status || status === 'unknown')) {
    // Without the server nothing is known of the run.
    if (connected === false) return null;
    return event.control?.paused ? html`<span class="badge unknown" role="status">paused</span>`
      : html`<span class="badge live" role="status">running</span>`;
  }
  if (run.died) return html`<span class="badge fail" role="status">died</span>`;
  return status && html`<span class=${`badge ${status}`} role="status">${status}</span>`;
}

// A failing schedule may have been made smaller than the run that was asked for.
/** @param {Run} run */
function peersOf({ peers, results }) {
  const shrunk = results?.shrunk?.to?.peers ?? peers;
  return shrunk === peers ? count(peers) : `${count(shrunk)}, shrunk from ${count(peers)}`;
}

/** @param {{ name: string, value: unknown, bad?: boolean }} props */
function Fact({ name, value, bad }) {
  if (value === undefined || value === null || value === false) return null;
  return html`<div class=${bad ? 'bad' : ''}><dt>${name}</dt><dd>${plain(value)}</dd></div>`;
}

// What a span without its parent means.
/** @param {number} number */
export const withoutParent = (number) => `${plural(number, 'span')} ${
  number === 1 ? 'names' : 'name'} a parent that is missing: a message was received whose sending is not recorded.`;

/** @param {{ spans: Record<string, number> }} props */
function Losses({ spans }) {
  const reasons = [];
  if (spans.without_parent > 0) {
    reasons.push(withoutParent(spans.without_parent));
  }
  if (spans.lost > 0) {
    reasons.push(`${plural(spans.lost, 'span')} lost: this page does not show all that happened.`);
  }
  if (spans.not_exported > 0) {
    reasons.push(`${plural(spans.not_exported, 'span')} did not reach the collector. They are here.`);
  }
  return reasons.map((reason) => html`
    <p class=${`banner ${spans.lost > 0 || spans.without_parent > 0 ? 'bad' : ''}`} role="alert">${reason}</p>`);
}

/** @param {{ run: Run }} props */
function More({ run }) {
  const reasons = run.verdict?.reasons ?? [];
  const rows = [
    ['command', run.command?.join(' ')],
    ...reasons.map((reason) => ['reason', reason]),
    ...allOptions(run),
    ...(run.phases ?? []).map(({ name, seconds }) => [name, seconds === undefined
      ? undefined : duration(seconds * 1e9)]),
  ].filter(([, value]) => value !== undefined);
  if (!rows.length) return null;
  return html`
    <details class="more">
      <summary>More</summary>
      <div class="pairs" tabIndex="0" role="group" aria-label="More of the run"><dl>
        ${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}
      </dl></div>
    </details>`;
}
