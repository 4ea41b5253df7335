// What the page asks of the server, and when it asks again.

import { useEffect, useRef, useState } from './vendor/preact-htm.js';

// How many traces the list asks for. More cannot be read by anybody.
export const LIST_LIMIT = 1000;

async function get(path, signal) {
  const response = await fetch(path, { signal });
  const body = JSON.parse(await response.text(), exact);
  if (!response.ok) throw new Error(body?.error?.message ?? `${response.status}`);
  return body;
}

// A seed has 64 bits and a number of JavaScript 53. Browsers that hand over
// the source of a number let such a one be kept as text, digit by digit.
function exact(key, value, context) {
  const rounded = Number.isInteger(value) && !Number.isSafeInteger(value);
  return rounded ? context?.source ?? value : value;
}

const v3 = (call, parameters = {}) => {
  const asked = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value));
  return `/api/v3/${call}?${asked}`;
};

export const getRun = (signal) => get('/api/run', signal);

export const getServices = (signal) =>
  get(v3('services'), signal).then((body) => body.services);

export const getOperations = (service, signal) =>
  get(v3('operations', { service }), signal).then((body) => body.operations);

export const getSummaries = ({ service, operation }, signal) =>
  get(v3('trace-summaries', {
    'query.serviceName': service,
    'query.operationName': operation,
    'query.searchDepth': LIST_LIMIT,
  }), signal).then((body) => body.summaries);

export const getTrace = (id, signal) =>
  get(`/api/v3/traces/${id}`, signal).then((body) => body.result.resourceSpans);

// The server's last event, and whether the server is still there.
export function useEvents() {
  const [state, setState] = useState({ connected: null, event: null });
  useEffect(() => {
    const source = new EventSource('/api/events');
    source.onmessage = ({ data }) => setState({ connected: true, event: JSON.parse(data) });
    source.onerror = () => setState(({ event }) => ({ connected: false, event }));
    return () => source.close();
  }, []);
  return state;
}

// Loads something, and again whenever `version` changes. There is one request
// at a time, and at least `pace` ms between two, so that a fast run neither
// floods the server nor starves the page. `what` says what is asked for: when
// it changes, the old answer is dropped.
export function useLoaded(load, what, version, pace = 1000) {
  const [state, setState] = useState({ what: null, value: null, error: null });
  const wanted = useRef(version);
  wanted.current = version;
  const wake = useRef(() => {});
  useEffect(() => {
    const control = new AbortController();
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
        if (wanted.current === version) await new Promise((resolve) => { wake.current = resolve; });
      }
    })();
    return () => { control.abort(); wake.current(); };
  }, [what]);
  useEffect(() => wake.current(), [version]);
  return state.what === what ? state : { what, value: null, error: null };
}
