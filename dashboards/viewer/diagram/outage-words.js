// An outage of a link in words, and those of a peer as a list.

import { html } from '../vendor/preact-htm.js';
import { duration, plural } from '../format.js';
import { outagesAt } from '../outages.js';
import { outageKey } from './use-flows.js';

// So many are listed.
const LISTED = 30;

/** @param {Model} model @param {Outage} outage @param {FlowsOf} flows */
export function outageInWords(model, outage, flows) {
  const { a, b, at, until, isUsed, hasLinks, noticed } = outage;
  const { peers, step, first } = model;
  const begin = `${peers[a]} – ${peers[b]}: out from ${duration(at - first)}`;
  const span = until === null ? `${begin} until the end.`
    : `${begin} to ${duration(until - first)}, for ${duration(until - at)}.`;
  if (!hasLinks) return span;
  if (!isUsed) return `${span} They had no link with each other.`;
  if (!noticed.length) return `${span} Neither end noticed.`;
  const ends = noticed.map((end) => `${peers[end.peer]} noticed after ${duration(step.at[end.step] - at)}`);
  return `${span} ${ends.join(', ')}. ${flowsInWords(model, outage, flows)}`.trim();
}

/** @param {Model} model @param {Outage} outage @param {FlowsOf} flows */
function flowsInWords({ peers, step }, outage, flows) {
  const key = outageKey(outage);
  const again = flows.get(key);
  if (!flows.has(key)) return '';
  if (again === undefined) return 'Whether traffic flowed again is not known: states are missing here.';
  if (again === null) return 'No route led to the other end before it was over.';
  const over = again.via === again.other ? 'over the link itself' : `over ${peers[again.via]}`;
  return `Traffic flowed again after ${duration(step.at[again.step] - outage.at)}: a route of ${
    peers[again.peer]} led to ${peers[again.other]} ${over}.`;
}

/** @param {{ model: Model, peer: number, flows: FlowsOf }} props */
export function OutagesOf({ model, peer, flows }) {
  const all = outagesAt(model, peer);
  if (!all.length) return null;
  return html`
    <h4>${plural(all.length, 'outage')} of its links</h4>
    <ul class="plain outages">${all.slice(0, LISTED).map((outage) => html`<li key=${outageKey(outage)}>${
      outageInWords(model, outage, flows)}</li>`)}</ul>
    ${all.length > LISTED && html`<p class="note">and ${all.length - LISTED} more</p>`}`;
}
