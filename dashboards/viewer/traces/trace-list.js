// The list of traces: one line for each operation that was traced.

import { html, useMemo, useState } from '../vendor/preact-htm.js';
import { canOpen, getSummaries, useLoaded } from '../api.js';
import { toCompareTraces, toTrace, toTraces } from '../router.js';
import { clock, count, duration, isoTime, plural } from '../format.js';
import { withoutParent } from '../run-header.js';
import { Peer } from '../peer-name.js';
import { Search, fieldsOf, isNarrowed, readFields } from './trace-search.js';

/** @type {[string, (trace: Record<string, any>) => any, string?][]} */
const COLUMNS = [
  ['Operation', (t) => t.rootOperationName],
  ['Start', (t) => t.from],
  ['Duration', (t) => t.length, 'bars: against the longest of the same operation'],
  ['Spans', (t) => t.spanCount],
  ['Errors', (t) => t.errorSpanCount],
  ['Peers', (t) => t.services.length],
];

/** @param {TraceSummary} trace */
const number = (trace) => ({
  ...trace,
  from: BigInt(trace.minStartTimeUnixNano),
  length: Number(BigInt(trace.maxEndTimeUnixNano) - BigInt(trace.minStartTimeUnixNano)),
});

/** @param {{ route: Route, event: ServerEvent | null, run: Run | null, loaded: LoadedModel }} props */
export function Traces({ route, event, run, loaded: { model } }) {
  const fields = fieldsOf(route.params);
  const timed = fields.from || fields.to;
  const began = beganAt(run, model);
  const { search, wrong } = readFields(fields, began);
  // Without the model a time would count from another beginning.
  const ask = Object.keys(wrong).length === 0 && !(timed && !model);
  /** @param {AbortSignal} signal */
  const load = async (signal) => (ask ? getSummaries(search, signal) : null);
  const { value, error } = useLoaded(load, JSON.stringify([search, wrong]), event?.revision);
  const [order, setOrder] = useState({ column: 1, down: false });
  const [chosen, setChosen] = useState(/** @type {string[]} */ ([]));
  const rows = useMemo(() => sorted((value?.summaries ?? []).map(number), order), [value, order]);
  const longest = useMemo(() => longestOf(rows), [rows]);
  // A recorded run counts them itself, over all of its traces.
  const orphans = run?.spans ? 0 : rows.reduce((sum, { orphanSpanCount }) => sum + orphanSpanCount, 0);
  /** @param {SearchFields} change */
  const go = (change) => { location.hash = toTraces({ ...fields, ...change }); };
  // Two are compared; a third takes the place of the one that was chosen first.
  /** @param {string} id @param {boolean} on */
  const choose = (id, on) =>
    setChosen((last) => [...last.filter((other) => other !== id), ...(on ? [id] : [])].slice(-2));
  return html`
    <section class="traces" aria-label="Traces">
      ${orphans > 0 && event?.live === false && html`
        <p class="banner bad" role="alert">${withoutParent(orphans)}</p>`}
      <div class="bar">
        <${Search} fields=${fields} wrong=${wrong} revision=${event?.revision} go=${go} />
        <span class="note" role="status">${ask && value && shown(rows.length, value.total, search)}</span>
        <${Choose} chosen=${chosen} />
      </div>
      ${error && html`<p class="banner bad" role="alert">The traces cannot be read: ${error}</p>`}
      ${ask && value && rows.length === 0 && html`<p class="empty">
        ${event?.live ? 'No trace has ended yet.' : 'There is no such trace.'}</p>`}
      ${rows.length > 0 && html`
        <div class="scroll" tabIndex="0" role="group" aria-label="List of traces"><table>
          <thead><tr><th scope="col" class="pick"><span class="unseen">Compare</span></th>
            ${COLUMNS.map(([name, , note], column) => html`
              <${Head} name=${name} note=${note} column=${column} order=${order} setOrder=${setOrder} />`)}
          </tr></thead>
          <tbody>${rows.map((trace) => html`
            <${Row} key=${trace.traceId} trace=${trace} longest=${longest.get(trace.rootOperationName)}
              chosen=${chosen.includes(trace.traceId)} choose=${choose} />`)}</tbody>
        </table></div>`}
    </section>`;
}

// Virtual time has its own beginning, which the model knows.
/** @param {Run | null} run @param {Model | null} model */
function beganAt(run, model) {
  if (model?.step.count) return model.base;
  const started = Date.parse(run?.started ?? '');
  return Number.isNaN(started) ? 0n : BigInt(started) * 1000000n;
}

/** @param {{ chosen: string[] }} props */
function Choose({ chosen }) {
  if (chosen.length === 0) return null;
  return chosen.length === 2
    ? html`<a class="button" href=${toCompareTraces(chosen[0], chosen[1])}>Compare the two</a>`
    : html`<span class="note">Choose one more to compare.</span>`;
}

// The bar of a ping is drawn against the longest ping, and not against the set-up, beside
// which every ping would vanish.
/** @param {ListedTrace[]} traces */
function longestOf(traces) {
  const longest = new Map();
  for (const { rootOperationName: name, length } of traces) {
    longest.set(name, Math.max(longest.get(name) ?? 1, length));
  }
  return longest;
}

// A full list may not be all. The matches of a narrowed search are not counted.
/** @param {number} rows @param {number} total @param {Record<string, any>} search */
function shown(rows, total, search) {
  if (isNarrowed(search)) return rows < search.limit ? plural(rows, 'trace') : `the newest ${count(rows)} that match`;
  return rows < total ? `the newest ${count(rows)} of ${plural(total, 'trace')}` : plural(rows, 'trace');
}

/** @param {ListedTrace[]} traces @param {Order} order */
function sorted(traces, { column, down }) {
  const by = COLUMNS[column][1];
  const sign = down ? -1 : 1;
  return traces.toSorted((a, b) => {
    const [x, y] = [by(a), by(b)];
    if (x === y) return a.from < b.from ? -1 : 1;
    return (x < y ? -1 : 1) * sign;
  });
}

const SORTED = { down: ['descending', '↓'], up: ['ascending', '↑'] };

/**
 * @param {{
 *   name: string, note?: string, column: number, order: Order,
 *   setOrder: (order: Order) => void,
 * }} props
 */
function Head({ name, note, column, order, setOrder }) {
  const mine = order.column === column;
  const [sort, arrow] = mine ? SORTED[order.down ? 'down' : 'up'] : ['none', ''];
  // Names and times are sorted ascending at first, the other columns descending.
  const click = () => setOrder({ column, down: mine ? !order.down : column > 1 });
  return html`
    <th scope="col" class=${`c${column}`} aria-sort=${sort}>
      <button type="button" onClick=${click}>${name}<span class="sort" aria-hidden="true">
        ${arrow}</span></button>${note && html`<span class="note">${note}</span>`}
    </th>`;
}

// The unit is for narrow screens, which have no headings.
/** @param {number} number @param {string} unit */
function counted(number, unit) {
  return html`${count(number)}<span class="unit"> ${number === 1 ? unit : `${unit}s`}</span>`;
}

// The whole line leads to the trace; the link in it is what the keyboard and a
// screen reader find.
/**
 * @param {{
 *   trace: ListedTrace, longest: number | undefined, chosen: boolean,
 *   choose: (id: string, on: boolean) => void,
 * }} props
 */
function Row({ trace, longest, chosen, choose }) {
  const address = toTrace(trace.traceId);
  const opens = canOpen(trace.traceId);
  const name = trace.rootOperationName || '(no name)';
  /** @param {Event} event */
  const stay = (event) => event.stopPropagation();
  return html`
    <tr class=${opens ? '' : 'shut'} onClick=${opens ? () => { location.hash = address; } : undefined}>
      <td class="pick" onClick=${stay}><input disabled=${!opens} type="checkbox" checked=${chosen}
        aria-label=${`Compare ${trace.rootOperationName} of ${clock(trace.from)}`}
        onChange=${(event) => choose(trace.traceId, event.currentTarget.checked)} /></td>
      <td class="c0">${opens ? html`<a href=${address} onClick=${stay}>${name}</a>` : html`<b>${name}</b>`}
        <${Peer} name=${trace.rootServiceName} />${!opens && html`<span class="note"> not in this report</span>`}</td>
      <td class="c1" title=${isoTime(trace.from)}>${clock(trace.from)}</td>
      <td class="c2"><span>${duration(trace.length)}</span>
        <meter aria-hidden="true" max=${longest} value=${trace.length}></meter>
        <${Unended} spans=${trace.unendedSpanCount} /></td>
      <td class="c3">${counted(trace.spanCount, 'span')}</td>
      <td class=${`c4 ${trace.errorSpanCount ? 'bad' : 'none'}`}>
        ${counted(trace.errorSpanCount, 'error')}</td>
      <td class="c5" title=${trace.services.slice(0, 40).map((s) => s.name).join(', ')}>
        ${counted(trace.services.length, 'peer')}</td>
    </tr>`;
}

/** @param {{ spans: number }} props */
function Unended({ spans }) {
  return spans > 0 && html`<span class="mark"
    title="Spans without an end, or with one before their start: they count as 0.">
    ${plural(spans, 'span')} without an end</span>`;
}
