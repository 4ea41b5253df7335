// The search above the list of traces, as in Jaeger. The query is in the address, so
// that a link finds the same traces.

import { html, useState } from '../vendor/preact-htm.js';
import { LIST_LIMIT, getOperations, getServices, useLoaded } from '../api.js';
import { lengthOf, momentOf, tagsOf } from './search-values.js';

const FIELDS = ['service', 'operation', 'tags', 'min', 'max', 'from', 'to', 'limit'];

// The fields as texts, from the parameters of the address.
/** @param {URLSearchParams} params */
export const fieldsOf = (params) =>
  Object.fromEntries(FIELDS.map((name) => [name, params.get(name) ?? '']));

// The query for the server, and what is wrong with which field. `began` is the start
// of the run in ns since 1970: times can be relative to it.
/** @param {SearchFields} fields @param {bigint} began */
export function readFields(fields, began) {
  /** @type {Record<string, string>} */
  const wrong = {};
  /** @param {string} name @param {(text: string) => any} reader */
  const reading = (name, reader) => {
    try {
      return reader(fields[name]);
    } catch (error) {
      wrong[name] = error.message;
      return undefined;
    }
  };
  const search = {
    service: fields.service,
    operation: fields.operation,
    tags: reading('tags', tagsOf),
    shortest: reading('min', lengthOf),
    longest: reading('max', lengthOf),
    after: reading('from', (text) => momentOf(text, began)),
    before: reading('to', (text) => momentOf(text, began)),
    limit: reading('limit', limitOf),
  };
  return { search, wrong };
}

// Whether the search has any condition.
/** @param {Record<string, any>} search */
export const isNarrowed = ({ limit, ...conditions }) => Object.values(conditions)
  .some((one) => (one && typeof one === 'object' ? Object.keys(one).length > 0 : Boolean(one)));

/** @param {string} text */
function limitOf(text) {
  if (!text.trim()) return LIST_LIMIT;
  const limit = Number(text);
  if (Number.isInteger(limit) && limit > 0 && limit <= LIST_LIMIT) return limit;
  throw new Error(`a number from 1 to ${LIST_LIMIT}`);
}

// A choice of peer or operation searches at once; the other fields are submitted with
// Enter.
/**
 * @param {{
 *   fields: SearchFields, wrong: Record<string, string>, revision: number | undefined,
 *   go: (fields: SearchFields) => void,
 * }} props
 */
export function Search({ fields, wrong, revision, go }) {
  const services = useLoaded(getServices, 'services', revision, 2000).value ?? [];
  /** @param {AbortSignal} signal */
  const ask = (signal) => getOperations(fields.service, signal);
  const operations = useLoaded(ask, `operations ${fields.service}`, revision, 2000).value ?? [];
  const [open, setOpen] = useState(() => FIELDS.slice(2).some((name) => fields[name]));
  /** @param {Event & { currentTarget: HTMLFormElement }} event */
  const submit = (event) => {
    event.preventDefault();
    const entries = [...new FormData(event.currentTarget)];
    go(Object.fromEntries(entries.map(([name, value]) => [name, String(value)])));
  };
  /** @param {string} name @param {string} label @param {string} hint @param {number} width */
  const field = (name, label, hint, width) => html`
    <${Field} key=${`${name} ${fields[name]}`} ...${{ name, label, hint, width }}
      value=${fields[name]} wrong=${wrong[name]} />`;
  /** @param {string} service */
  const pickService = (service) => go({ ...fields, service, operation: '' });
  /** @param {string} operation */
  const pickOperation = (operation) => go({ ...fields, operation });
  return html`
    <form class="finder" role="search" aria-label="Traces" onSubmit=${submit}>
      <${Choice} name="service" label="Peer" value=${fields.service} options=${services}
        any="all peers" pick=${pickService} />
      <${Choice} name="operation" label="Operation" value=${fields.operation}
        options=${[...new Set(operations.map((/** @type {{ name: string }} */ { name }) => name))]} any="all operations"
        pick=${pickOperation} />
      <button type="button" class="link" aria-expanded=${open} aria-controls="more-search"
        onClick=${() => setOpen(!open)}>${open ? 'Less' : 'More'}</button>
      <div id="more-search" class="fields" hidden=${!open}>
        ${field('tags', 'Tags', 'p2p.remote=peer-03', 24)}
        ${field('min', 'At least', '100us', 7)}
        ${field('max', 'At most', '1.2s', 7)}
        ${field('from', 'From', '1.5s or 09:41:07', 14)}
        ${field('to', 'To', '2s or 09:41:08', 14)}
        ${field('limit', 'Limit', String(LIST_LIMIT), 5)}
        <button type="submit">Find</button>
      </div>
    </form>`;
}

/**
 * @param {{ name: string, label: string, hint: string, width: number, value: string, wrong?: string }} props
 */
function Field({ name, label, hint, width, value, wrong }) {
  const id = `wrong-${name}`;
  return html`
    <label>${label}
      <input name=${name} size=${width} defaultValue=${value} placeholder=${hint} autocomplete="off"
        spellcheck=${false} aria-invalid=${wrong ? 'true' : undefined}
        aria-describedby=${wrong ? id : undefined} />
      ${wrong && html`<span class="bad" id=${id} role="alert">${wrong}</span>`}
    </label>`;
}

/**
 * @param {{
 *   name: string, label: string, value: string, options: string[], any: string,
 *   pick: (value: string) => void,
 * }} props
 */
function Choice({ name, label, value, options, any, pick }) {
  const all = value && !options.includes(value) ? [value, ...options] : options;
  return html`
    <label>${label}
      <select name=${name} value=${value} onChange=${(e) => pick(e.currentTarget.value)}
        disabled=${all.length === 0}>
        <option value="">${any}</option>
        ${all.map((option) => html`<option key=${option} value=${option}>${option}</option>`)}
      </select>
    </label>`;
}
