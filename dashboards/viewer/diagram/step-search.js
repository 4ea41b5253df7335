// The search: steps that match all words by peer, kind or text; `a.b=c` searches the
// server for spans with that attribute.

import { searchSpans } from '../api.js';
import { clocks } from '../causality.js';

// The server returns at most so many.
const MOST = 1000;

// `{ steps, more }` in causal order.
/** @param {Model} model @param {string} text @param {AbortSignal} [signal] */
export async function searchSteps(model, text, signal) {
  const words = text.trim().toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return { steps: [], more: false };
  const tags = Object.fromEntries(text.trim().split(/\s+/)
    .map((word) => /^([^=]*\.[^=]*)=(.*)$/.exec(word)).filter((found) => found !== null)
    .map(([, key, value]) => [key, value]));
  const plain = words.filter((word) => !/^[^=]*\.[^=]*=/.test(word));
  const asked = Object.keys(tags).length > 0;
  const answer = asked ? await searchSpans({ tags, limit: MOST }, signal) : null;
  const among = answer ? answer.spans.map(({ spanId }) => model.stepOf(spanId)).filter((s) => s >= 0) : null;
  const fits = matcher(model, plain);
  const { order, place } = clocks(model);
  const steps = (among ? among.sort((a, b) => place[a] - place[b]) : [...order]).filter(fits);
  return { steps, more: answer?.more ?? false };
}

// Each table's entries are matched once, and not once for each step.
/** @param {Model} model @param {string[]} words */
function matcher(model, words) {
  /** @param {string[]} table */
  const hits = (table) => words.map((word) => table.map((entry) => has(entry, word)));
  const [peers, kinds, timers] = [hits(model.peers), hits(model.kinds), hits(model.timers)];
  const { step, message, texts } = model;
  return (/** @type {number} */ s) => words.every((word, w) => (
    peers[w][step.peer[s]] || kinds[w][step.kind[s]]
    || (step.timer[s] >= 0 && timers[w][step.timer[s]])
    || (step.received[s] >= 0 && has(texts[step.received[s]], word))
    || sends(s, word, kinds[w])
    || (model.outputs.get(s) ?? []).some(({ kind, text }) => has(kind, word) || has(text, word))));

  // A message that never arrived is found at its sender; all others at their receiver.
  /** @param {number} s @param {string} word @param {boolean[]} kind */
  function sends(s, word, kind) {
    for (let m = step.firstSent[s]; m >= 0; m = message.nextSent[m]) {
      if (message.to[m] < 0 && (kind[message.kind[m]] || has(texts[m], word))) return true;
    }
    return false;
  }
}

// `amount=5` is not in `amount=50`.
/** @param {string} text @param {string} word */
function has(text, word) {
  const lower = text.toLowerCase();
  if (!word.includes('=')) return lower.includes(word);
  const at = lower.indexOf(word);
  return at >= 0 && /^(\s|,|$)/.test(lower.slice(at + word.length));
}
