// The requests to the server. Every call goes through `get`, which takes the answer
// from the page itself if that is a static report.
//
// Where a call takes `run`, it is the id of another run of the same folder;
// without it, the run that the page shows.

import { answerOf, isReport } from './report-answers.js';
import { pageRun } from './page-run.js';

export { canOpen, isReport, leftOut } from './report-answers.js';
export { useEvents, useLoaded } from './use-server.js';
export { pageRun, toRun } from './page-run.js';

// How many traces the list requests; a longer list is unreadable.
export const LIST_LIMIT = 1000;

/** @param {Record<string, any>} parameters @returns {[string, any][]} */
const given = (parameters) => Object.entries(parameters)
  .filter(([, value]) => value !== undefined && value !== null && value !== '');

/**
 * @param {string} path
 * @param {{ signal?: AbortSignal, run?: string, exactly?: boolean, [parameter: string]: any }} [options]
 */
async function get(path, { signal, run, exactly, ...parameters } = {}) {
  const asked = given({ ...parameters, run: run ?? pageRun });
  if (isReport) return exactlyRead(answerOf(path, asked));
  const address = asked.length ? `${path}?${new URLSearchParams(asked)}` : path;
  return read(await fetch(address, { signal }), exactly);
}

/** @param {Response} response @param {boolean} [exactly] */
async function read(response, exactly) {
  const text = await response.text();
  let body;
  try {
    body = JSON.parse(text, exactly ? exact : undefined);
  } catch {
    throw new Error(`the server's answer is no JSON (${response.status})`);
  }
  if (!response.ok) throw new Error(body?.error?.message ?? `${response.status}`);
  return body;
}

// A seed has 64 bits and a number of JavaScript 53. Where the browser passes the
// source of a number, such a seed is kept as text, digit by digit. That takes a
// call for each value, so only answers with seeds are read like this.
/** @type {(key: string, value: any, context?: { source?: string }) => any} */
function exact(key, value, context) {
  const rounded = Number.isInteger(value) && !Number.isSafeInteger(value);
  return rounded ? context?.source ?? value : value;
}

// In a report such an answer is text, whose digits are all there.
/** @param {unknown} answer */
const exactlyRead = (answer) => (typeof answer === 'string' ? JSON.parse(answer, exact) : answer);

/**
 * The run: `run.json`, and the runs of the same folder, the newest first.
 * @type {(signal?: AbortSignal, run?: string) => Promise<Run>}
 */
export const getRun = (signal, run) => get('/api/run', { signal, run, exactly: true });

/** @type {(signal?: AbortSignal) => Promise<RunsAnswer>} */
export const getRuns = (signal) => get('/api/runs', { signal, run: '', exactly: true });

/** @type {(signal?: AbortSignal, run?: string) => Promise<ResultsAnswer>} */
export const getResults = (signal, run) => get('/api/results', { signal, run });

/**
 * The connections, as pairs of names, and the faults.
 * @type {(signal?: AbortSignal, run?: string) => Promise<TopologyAnswer>}
 */
export const getTopology = (signal, run) => get('/api/topology', { signal, run });

/**
 * The steps among the spans stored from place `after` on, and, but for a report, numbers
 * that are equal for equal states after them.
 * @type {(after: number, signal?: AbortSignal, run?: string) => Promise<DiagramAnswer>}
 */
export const getDiagram = (after, signal, run) =>
  get('/api/diagram', { signal, run, after, states: isReport ? '' : 'true' });

/**
 * What the snapshots recorded.
 * @type {(signal?: AbortSignal, run?: string) => Promise<Snapshot[]>}
 */
export const getCuts = (signal, run) => get('/api/cuts', { signal, run }).then((body) => body.cuts);

/**
 * One span as OTLP, for otlp.js.
 * @type {(trace: string, span: string, signal?: AbortSignal, run?: string) => Promise<ResourceSpans[]>}
 */
export const getSpan = (trace, span, signal, run) =>
  get(`/api/spans/${trace}/${span}`, { signal, run }).then((body) => body.result.resourceSpans);

/** @param {ViewParameters} query */
const v3 = (query) => Object.fromEntries(
  Object.entries(query).map(([name, value]) => [`query.${name}`, value]),
);

/** @param {Tags | undefined} tags */
const tagged = (tags) => (tags && Object.keys(tags).length ? JSON.stringify(tags) : '');

/** @typedef {Record<string, string>} Tags */

/**
 * The spans of a peer, with a name, with these tags (`{ 'p2p.remote': 'peer-03' }`).
 * @param {{ service?: string, operation?: string, tags?: Tags, limit?: number }} search
 * @param {AbortSignal} [signal]
 * @param {string} [run]
 * @returns {Promise<{ spans: { traceId: string, spanId: string }[], more: boolean }>}
 */
export const searchSpans = ({ service, operation, tags, limit = LIST_LIMIT }, signal, run) =>
  get('/api/spans', { signal, run, ...v3({
    serviceName: service, operationName: operation, attributes: tagged(tags), searchDepth: limit,
  }) });

// The traces, as Jaeger lists, searches and reads them.
/** @param {AbortSignal} signal */
export const getServices = (signal) =>
  get('/api/v3/services', { signal }).then((body) => body.services);

// The operations of a service; without one, of all services.
/** @param {string} service @param {AbortSignal} signal */
export const getOperations = (service, signal) =>
  get('/api/v3/operations', { signal, service }).then((body) => body.operations);

/**
 * The traces that are found, and how many there are in all. `shortest` and `longest`
 * are nanoseconds, `after` and `before` RFC 3339.
 * @type {(search: Record<string, any>, signal?: AbortSignal)
 *   => Promise<{ summaries: TraceSummary[], total: number }>}
 */
export const getSummaries = (search, signal) => get('/api/v3/trace-summaries', { signal, ...v3({
  serviceName: search.service,
  operationName: search.operation,
  attributes: tagged(search.tags),
  durationMin: search.shortest && `${search.shortest}ns`,
  durationMax: search.longest && `${search.longest}ns`,
  startTimeMin: search.after,
  startTimeMax: search.before,
  searchDepth: search.limit || LIST_LIMIT,
}) });

/** @type {(id: string, signal?: AbortSignal, run?: string) => Promise<ResourceSpans[]>} */
export const getTrace = (id, signal, run) =>
  get(`/api/v3/traces/${id}`, { signal, run }).then((body) => body.result.resourceSpans);

/**
 * `control('cut', { peer, other })`. Rejects with the server's reason.
 * @param {string} action
 * @param {{ peer?: string, other?: string }} [link]
 */
export const control = async (action, { peer, other } = {}) => read(await fetch('/api/control', {
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(Object.fromEntries(given({ action, peer, other }))),
}));
