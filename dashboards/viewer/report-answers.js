// The answers of a static report.
//
// `report.html` has no server behind it. The server's answers are in the page as
// JSON: an object from each address to its answer. Answers to searches are not
// among them; this module computes them from the answers that are.

import { emptyTable } from './answer-tables.js';

const element = globalThis.document?.getElementById('answers');
const answers = element ? JSON.parse(element.textContent) : null;

// Whether this page is a report, without a server.
export const isReport = answers !== null;

// Sentences on what the report had no room for; empty on a server's page.
export const leftOut = [answers?.['left-out'] ?? []].flat().map(String);

// Whether a trace of the list can be opened: a report holds as many as fit.
/** @param {string} trace */
export const canOpen = (trace) => !isReport || `/api/v3/traces/${trace}` in answers;

const MISSING = 'this report does not hold it; `testbed view` with the folder of the run shows all of it';

// The answer to `path` with these parameters; an error if the report lacks it.
/** @param {string} path @param {[string, any][]} parameters @param {Record<string, any>} [from] */
export function answerOf(path, parameters, from = answers) {
  const query = new URLSearchParams(parameters);
  if (query.has('run')) throw new Error(MISSING);
  const exact = query.size ? `${path}?${query}` : path;
  const found = from[exact] ?? searched(path, query, from);
  if (!found) throw new Error(MISSING);
  return found;
}

/** @param {string} path @param {URLSearchParams} query @param {Record<string, any>} from */
function searched(path, query, from) {
  if (path === '/api/v3/trace-summaries') return summaries(query, from[path]);
  const span = /^\/api\/spans\/([0-9a-f]{32})\/([0-9a-f]{16})$/.exec(path);
  if (span) return oneSpan(from[`/api/v3/traces/${span[1]}`], span[2]);
  // A report does not grow: there are no newer steps.
  if (path === '/api/diagram' && from['/api/diagram?after=0']) return nothingNew(query, from);
  return null;
}

/** @param {URLSearchParams} query @param {Record<string, any>} from */
function nothingNew(query, from) {
  const whole = from['/api/diagram?after=0'];
  return {
    ...whole, next: Number(query.get('after')), more: false, states: undefined,
    steps: emptyTable('steps'), sends: emptyTable('sends'),
    outputs: emptyTable('outputs'), losses: emptyTable('losses'),
  };
}

/** @param {URLSearchParams} query @param {any} all */
function summaries(query, all) {
  if (!all) return null;
  /** @param {string} name */
  const of = (name) => query.get(`query.${name}`);
  for (const name of ['operationName', 'attributes']) {
    if (of(name)) throw new Error('a report finds traces by peer, duration and time; '
      + '`testbed view` with the folder of the run finds them by all else');
  }
  const [shortest, longest] = [of('durationMin'), of('durationMax')]
    .map((text) => text && BigInt(text.replace('ns', '')));
  const [after, before] = [of('startTimeMin'), of('startTimeMax')].map((text) => text && nanoseconds(text));
  /** @param {TraceSummary} trace */
  const fits = (trace) => {
    const start = BigInt(trace.minStartTimeUnixNano);
    const length = BigInt(trace.maxEndTimeUnixNano) - start;
    return (!of('serviceName') || trace.services.some(({ name }) => name === of('serviceName')))
      && (!shortest || length >= shortest) && (!longest || length <= longest)
      && (!after || start >= after) && (!before || start <= before);
  };
  return { ...all, summaries: all.summaries.filter(fits).slice(0, Number(of('searchDepth')) || undefined) };
}

// Times have nine digits after the point.
/** @param {string} text */
function nanoseconds(text) {
  const fraction = /\.(\d+)Z$/.exec(text)?.[1] ?? '';
  return BigInt(Date.parse(text.replace(/\.\d+Z$/, 'Z'))) * 1000000n + BigInt(fraction.padEnd(9, '0'));
}

// The trace with everything but that span taken out.
/** @param {any} trace @param {string} id */
function oneSpan(trace, id) {
  for (const resource of trace?.result.resourceSpans ?? []) {
    for (const scope of resource.scopeSpans ?? []) {
      const spans = scope.spans.filter((/** @type {any} */ { spanId }) => spanId === id);
      const resourceSpans = [{ ...resource, scopeSpans: [{ ...scope, spans }] }];
      if (spans.length) return { result: { resourceSpans } };
    }
  }
  return null;
}
