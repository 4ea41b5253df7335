// The server's events, and answers that are loaded again when an event reports more.

import { useEffect, useRef, useState } from './vendor/preact-htm.js';
import { isReport } from './report-answers.js';
import { pageRun } from './page-run.js';

// No control of the run.
const UNTOUCHED = { allowed: [], paused: false };

/**
 * @template Value
 * @typedef {{ what: string | null, value: Value | null, error: string | null }} Loaded
 */

/** @typedef {{ connected: boolean | null, event: ServerEvent | null }} Connection */

// A run that is over: a report, or another run than the server's own.
/** @type {ServerEvent} */
const OVER = { revision: 0, run: 0, live: false, control: UNTOUCHED };

// The server's last event, and whether the server is still there.
export function useEvents() {
  const still = isReport || pageRun !== '';
  const [state, setState] =
    useState(/** @type {Connection} */ ({ connected: null, event: still ? OVER : null }));
  useEffect(() => {
    if (still) return undefined;
    /** @type {EventSource} */
    let source;
    const open = () => {
      source = new EventSource('/api/events');
      source.onmessage = ({ data }) => setState({ connected: true, event: JSON.parse(data) });
      source.onerror = () => setState(({ event }) => (
        { connected: false, event: event && { ...event, control: UNTOUCHED } }));
    };
    // The browser keeps a page in memory for Back. Such a page closes its connection:
    // a browser has six to a server, and the next page needs one.
    const close = () => source.close();
    /** @param {PageTransitionEvent} event */
    const again = ({ persisted }) => persisted && open();
    open();
    addEventListener('pagehide', close);
    addEventListener('pageshow', again);
    return () => {
      close();
      removeEventListener('pagehide', close);
      removeEventListener('pageshow', again);
    };
  }, []);
  return state;
}

/**
 * Loads something, and again whenever `version` changes. There is one request
 * at a time, and at least `pace` ms between two, so that a fast run neither
 * floods the server nor starves the page. `what` names the answer: when it
 * changes, the old answer is dropped.
 * @template Value
 * @param {(signal: AbortSignal) => Promise<Value>} load
 * @param {string} what
 * @param {unknown} [version]
 * @param {number} [pace]
 * @returns {Loaded<Value>}
 */
export function useLoaded(load, what, version, pace = 1000) {
  const [state, setState] = useState(/** @type {Loaded<Value>} */ ({ what: null, value: null, error: null }));
  const wanted = useRef(version);
  wanted.current = version;
  const wake = useRef(() => {});
  useEffect(() => {
    const control = new AbortController();
    /** @param {number} ms */
    const paused = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    (async () => {
      while (!control.signal.aborted) {
        const version = wanted.current;
        const next = await load(control.signal).then(
          (value) => ({ what, value, error: null }),
          (error) => ({ what, value: null, error: error.message }),
        );
        if (control.signal.aborted) return;
        setState((last) => (next.error && last.what === what && last.value
          ? { ...last, error: next.error } : next));
        await paused(pace);
        if (wanted.current !== version) continue;
        await /** @type {Promise<void>} */ (new Promise((resolve) => { wake.current = resolve; }));
      }
    })();
    return () => { control.abort(); wake.current(); };
  }, [what]);
  useEffect(() => wake.current(), [version]);
  return state.what === what ? state : { what, value: null, error: null };
}
