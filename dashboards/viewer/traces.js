// The list of traces: one line for each operation that was traced.

import { html, useMemo, useState } from './vendor/preact-htm.js';
import { LIST_LIMIT, getOperations, getServices, getSummaries, useLoaded } from './api.js';
import { toTrace, toTraces } from './router.js';
import { clock, count, duration, isoTime, plural } from './format.js';
import { Peer } from './peer.js';

const COLUMNS = [
  ['Operation', (t) => t.rootOperationName],
  ['Start', (t) => t.from],
  ['Duration', (t) => t.length],
  ['Spans', (t) => t.spanCount],
  ['Errors', (t) => t.errorSpanCount],
  ['Peers', (t) => t.services.length],
];

const number = (trace) => ({
  ...trace,
  from: BigInt(trace.minStartTimeUnixNano),
  length: Number(BigInt(trace.maxEndTimeUnixNano) - BigInt(trace.minStartTimeUnixNano)),
});

export function Traces({ route, event }) {
  const what = `${route.service} ${route.operation}`;
  const load = (signal) => getSummaries(route, signal).then((all) => all.map(number));
  const { value, error } = useLoaded(load, what, event?.revision);
  const [order, setOrder] = useState({ column: 1, down: false });
  const rows = useMemo(() => sorted(value ?? [], order), [value, order]);
  const longest = useMemo(() => longestOf(rows), [rows]);
  const orphans = rows.reduce((sum, { orphanSpanCount }) => sum + orphanSpanCount, 0);
  return html`
    <section class="traces" aria-label="Traces">
      ${orphans > 0 && event?.live === false && html`
        <p class="banner bad" role="alert">
          ${plural(orphans, 'span')} ${orphans === 1 ? 'names' : 'name'} a parent that is
          missing: somebody saw a message whose sender left no trace.
        </p>`}
      <div class="bar">
        <${Filter} route=${route} revision=${event?.revision} />
        <span class="note" role="status">${value && shown(rows.length, event)}</span>
      </div>
      ${error && html`<p class="banner bad" role="alert">The traces cannot be read: ${error}</p>`}
      ${value && rows.length === 0 && html`<p class="empty">
        ${event?.live ? 'No trace has ended yet.' : 'There is no such trace.'}</p>`}
      ${rows.length > 0 && html`
        <div class="scroll"><table>
          <thead><tr>${COLUMNS.map(([name], column) => html`
            <${Head} name=${name} column=${column} order=${order} setOrder=${setOrder} />`)}
          </tr></thead>
          <tbody>${rows.map((trace) => html`
            <${Row} key=${trace.traceId} trace=${trace} longest=${longest.get(trace.rootOperationName)} />`)}</tbody>
        </table></div>`}
    </section>`;
}

// A ping is measured against the longest ping, and not against the set-up,
// beside which every ping is nothing.
function longestOf(traces) {
  const longest = new Map();
  for (const { rootOperationName: name, length } of traces) {
    longest.set(name, Math.max(longest.get(name) ?? 1, length));
  }
  return longest;
}

function shown(rows, event) {
  if (rows < LIST_LIMIT) return plural(rows, 'trace');
  return `the newest ${count(rows)} of ${plural(event?.traces ?? rows, 'trace')}`;
}

function sorted(traces, { column, down }) {
  const by = COLUMNS[column][1];
  const sign = down ? -1 : 1;
  return traces.toSorted((a, b) => {
    const [x, y] = [by(a), by(b)];
    if (x === y) return a.from < b.from ? -1 : 1;
    return (x < y ? -1 : 1) * sign;
  });
}

function Head({ name, column, order, setOrder }) {
  const mine = order.column === column;
  const sort = mine ? (order.down ? 'descending' : 'ascending') : 'none';
  // Names and times are read upwards, sizes from the largest.
  const click = () => setOrder({ column, down: mine ? !order.down : column > 1 });
  return html`
    <th scope="col" class=${`c${column}`} aria-sort=${sort}>
      <button type="button" onClick=${click}>${name}<span class="sort" aria-hidden="true">
        ${mine ? (order.down ? '↓' : '↑') : ''}</span></button>
    </th>`;
}

// The word is for narrow screens, where no heading stands above.
function counted(number, unit) {
  return html`${count(number)}<span class="unit"> ${number === 1 ? unit : `${unit}s`}</span>`;
}

// The whole line leads to the trace; the link in it is what the keyboard and a
// screen reader find.
function Row({ trace, longest }) {
  const address = toTrace(trace.traceId);
  return html`
    <tr onClick=${() => { location.hash = address; }}>
      <td class="c0"><a href=${address} onClick=${(e) => e.stopPropagation()}>
        ${trace.rootOperationName || '(no name)'}</a>
        <${Peer} name=${trace.rootServiceName} /></td>
      <td class="c1" title=${isoTime(trace.from)}>${clock(trace.from)}</td>
      <td class="c2"><span>${duration(trace.length)}</span>
        <meter aria-hidden="true" max=${longest} value=${trace.length}></meter></td>
      <td class="c3">${counted(trace.spanCount, 'span')}</td>
      <td class=${`c4 ${trace.errorSpanCount ? 'bad' : 'none'}`}>
        ${counted(trace.errorSpanCount, 'error')}</td>
      <td class="c5" title=${trace.services.slice(0, 40).map((s) => s.name).join(', ')}>
        ${counted(trace.services.length, 'peer')}</td>
    </tr>`;
}

function Filter({ route, revision }) {
  const services = useLoaded(getServices, 'services', revision, 2000).value ?? [];
  const ask = (signal) => (route.service ? getOperations(route.service, signal) : []);
  const operations = useLoaded(async (signal) => ask(signal), route.service, revision, 2000).value ?? [];
  const names = [...new Set(operations.map(({ name }) => name))];
  const go = (change) => { location.hash = toTraces({ ...route, ...change }); };
  return html`
    <${Choice} label="Peer" value=${route.service} options=${services} any="all peers"
      pick=${(service) => go({ service, operation: '' })} />
    ${route.service && html`
      <${Choice} label="Operation" value=${route.operation} options=${names} any="all operations"
        pick=${(operation) => go({ operation })} />`}`;
}

function Choice({ label, value, options, any, pick }) {
  const all = value && !options.includes(value) ? [value, ...options] : options;
  return html`
    <label>${label}
      <select value=${value} onChange=${(e) => pick(e.currentTarget.value)}>
        <option value="">${any}</option>
        ${all.map((name) => html`<option key=${name} value=${name}>${name}</option>`)}
      </select>
    </label>`;
}
