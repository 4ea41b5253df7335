// The address names the view and its selection, so that a link can be sent, and Back
// goes back. Everything after `#` stays in the browser.
//
//   #/                                  the space-time diagram
//   #/diagram?step=…&axis=logical&…     the diagram with a selection and settings
//   #/traces?service=peer-07&…          the list of traces, narrowed
//   #/trace/TRACE                       one trace
//   #/trace/TRACE/span/SPAN             one trace with a span selected
//   #/compare-traces/TRACE/TRACE        two traces beside each other
//   #/topology?…  #/results  #/runs     the other views
//   #/compare/RUN/RUN                   two runs beside each other
//
// A route is { view, params } with what else the address names: `trace` and
// `span`, or `a` and `b`. `params` are the URLSearchParams after `?`.

/**
 * @typedef {object} Route
 * @property {string} view
 * @property {URLSearchParams} params
 * @property {string} [trace]
 * @property {string | null} [span]
 * @property {string} [a]
 * @property {string} [b]
 */

import { useLayoutEffect, useState } from './vendor/preact-htm.js';

const TRACE = /^\/trace\/([0-9a-f]{32})(?:\/span\/([0-9a-f]{16}))?$/;
const PAIR = /^\/(compare-traces|compare)\/([^/]+)\/([^/]+)$/;
const PLAIN = /^\/(diagram|traces|topology|results|runs)$/;

/** @param {string} hash @returns {Route} */
export function parse(hash) {
  const text = hash.replace(/^#/, '');
  const mark = text.indexOf('?');
  const path = mark < 0 ? text : text.slice(0, mark);
  const params = new URLSearchParams(mark < 0 ? '' : text.slice(mark + 1));
  if (path === '' || path === '/') return { view: 'diagram', params };
  const plain = PLAIN.exec(path);
  if (plain) return { view: plain[1], params };
  const trace = TRACE.exec(path);
  if (trace) return { view: 'trace', trace: trace[1], span: trace[2] ?? null, params };
  const pair = PAIR.exec(path);
  if (pair) return { view: pair[1], a: decode(pair[2]), b: decode(pair[3]), params };
  return { view: 'unknown', params };
}

// A mistyped address is not an error.
/** @param {string} text */
export function decode(text) {
  try { return decodeURIComponent(text); } catch { return text; }
}

// `#/view?name=value`, without empty parameters.
/** @param {string} view @param {ViewParameters} [parameters] */
function toView(view, parameters = {}) {
  const given = Object.entries(parameters)
    .filter(([, value]) => value !== undefined && value !== null && value !== '' && value !== false);
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return search ? `#/${view}?${search}` : `#/${view}`;
}

/** @param {ViewParameters} [parameters] */
export const toDiagram = (parameters) => toView('diagram', parameters);
/** @param {ViewParameters} [parameters] */
export const toTraces = (parameters) => toView('traces', parameters);
/** @param {ViewParameters} [parameters] */
export const toTopology = (parameters) => toView('topology', parameters);
/** @param {ViewParameters} [parameters] */
export const toResults = (parameters) => toView('results', parameters);
/** @param {ViewParameters} [parameters] */
export const toRuns = (parameters) => toView('runs', parameters);

/** @param {string | undefined} trace @param {string | null} [span] */
export const toTrace = (trace, span) => (span ? `#/trace/${trace}/span/${span}` : `#/trace/${trace}`);
/** @param {string} a @param {string} b */
export const toCompareTraces = (a, b) => `#/compare-traces/${a}/${b}`;
/** @param {string} a @param {string} b */
export const toCompareRuns = (a, b) => `#/compare/${encodeURIComponent(a)}/${encodeURIComponent(b)}`;

export function useRoute() {
  const [route, setRoute] = useState(() => parse(location.hash));
  // With the first drawing, not after it: an address that changes in between would be missed.
  useLayoutEffect(() => {
    const follow = () => setRoute(parse(location.hash));
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return route;
}

// A selection that moves with every arrow key would bury the page before it
// in the history, so it replaces the address. That raises no `hashchange`.
/** @param {string} hash */
export function replace(hash) {
  history.replaceState(null, '', hash);
  dispatchEvent(new HashChangeEvent('hashchange'));
}
