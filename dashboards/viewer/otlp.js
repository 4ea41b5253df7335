// From OTLP JSON to what the page draws: spans with numbers relative to the
// trace's start, as a tree in the order of time.

const KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'];
const ERROR = 2;
const STATUS = ['unset', 'ok', 'error'];

// An attribute's value as text, with its type where that is not text.
/** @param {any} value @returns {{ type: string, text: string }} */
export function read(value) {
  const [[type, raw] = ['', null]] = Object.entries(value ?? {});
  switch (type) {
    case 'stringValue': return { type: '', text: raw };
    case 'boolValue': return { type: 'bool', text: String(raw) };
    case 'intValue': return { type: 'int', text: String(raw) };
    case 'doubleValue': return { type: 'double', text: String(raw) };
    case 'bytesValue': return { type: 'bytes', text: hex(raw) };
    case 'arrayValue': return { type: 'array', text: `[${list(raw)}]` };
    case 'kvlistValue': return { type: 'map', text: `{${list(raw, true)}}` };
    default: return { type: 'empty', text: '–' };
  }
}

/** @param {{ values?: any[] }} array @param {boolean} [keyed] */
function list({ values = [] }, keyed = false) {
  /** @param {any} entry */
  const one = (entry) => (keyed ? `${entry.key}: ${read(entry.value).text}` : read(entry).text);
  return values.map(one).join(', ');
}

/** @param {string} base64 */
function hex(base64) {
  const digits = [...atob(base64)].map((c) => c.charCodeAt(0).toString(16).padStart(2, '0'));
  return digits.join(' ');
}

/** @type {(all?: { key: string, value: any }[]) => Attribute[]} */
const attributes = (all = []) => all.map(({ key, value }) => ({ key, ...read(value) }));

/** @param {any} resource */
export function serviceName(resource) {
  const named = resource?.attributes?.find(
    (/** @type {{ key: string }} */ { key }) => key === 'service.name');
  if (!named) return 'missing-service-name';
  return (named.value?.stringValue ?? 'service-name-wrong-type') || 'empty-service-name';
}

// All spans of a trace in the order of the waterfall. Each knows its `depth`,
// its `parent` and `end` of its subtree as indexes, and whether it is an
// `orphan`, whose parent is named but missing.
/** @param {ResourceSpans[]} resourceSpans */
export function readTrace(resourceSpans) {
  /** @type {Span[]} */
  const spans = [];
  for (const { resource, scopeSpans = [] } of resourceSpans) {
    const service = serviceName(resource);
    for (const { scope, spans: raw = [] } of scopeSpans) {
      for (const span of raw) spans.push(toSpan(span, service, resource, scope));
    }
  }
  const start = spans.reduce((min, { from }) => (from < min ? from : min), spans[0]?.from ?? 0n);
  for (const span of spans) {
    span.start = Number(span.from - start);
    span.duration = Math.max(0, Number(span.to - span.from));
    span.unended = unended(span);
  }
  const length = spans.reduce((max, span) => Math.max(max, span.start + span.duration), 0);
  return { start, length, spans: inTreeOrder(spans) };
}

// Why the duration of a span counts as 0; '' where it does not.
/** @param {Pick<Span, 'from' | 'to' | 'raw'>} span */
const unended = ({ from, to, raw }) => {
  if (to >= from) return '';
  return BigInt(raw.endTimeUnixNano ?? 0) === 0n ? 'no end' : 'ends before it starts';
};

// The place of a span in its trace, until that is known.
const UNPLACED = {
  start: 0, duration: 0, unended: '', orphan: false, index: -1, parent: -1, end: 0, depth: 0,
};

/**
 * @param {Record<string, any>} raw
 * @param {string} service
 * @param {any} resource
 * @param {any} scope
 * @returns {Span}
 */
function toSpan(raw, service, resource, scope) {
  const from = BigInt(raw.startTimeUnixNano ?? 0);
  return {
    raw, service, resource, scope, from,
    to: BigInt(raw.endTimeUnixNano ?? 0),
    id: raw.spanId,
    parentId: raw.parentSpanId ?? '',
    name: raw.name ?? '',
    kind: KINDS[raw.kind ?? 0] ?? String(raw.kind),
    error: raw.status?.code === ERROR,
    ...UNPLACED,
  };
}

// Adds a value to the list of its key.
/** @template Key, Value @param {Map<Key, Value[]>} lists @param {Key} key @param {Value} value */
export function add(lists, key, value) {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}

// Without recursion: a chain of messages can be deeper than the stack. A span
// that no root leads to (its ancestors form a ring) becomes a root.
/** @param {Span[]} spans */
function inTreeOrder(spans) {
  const byTime = spans.toSorted((a, b) => a.start - b.start || (a.id < b.id ? -1 : 1));
  const known = new Set(byTime.map(({ id }) => id));
  /** @type {Map<string, Span[]>} */
  const children = new Map();
  /** @type {Span[]} */
  const roots = [];
  for (const span of byTime) {
    span.orphan = span.parentId !== '' && !known.has(span.parentId);
    if (span.parentId === '' || span.orphan) roots.push(span);
    else add(children, span.parentId, span);
  }
  /** @type {Span[]} */
  const order = [];
  for (const root of [...roots, ...byTime]) walk(root, children, order);
  closeSubtrees(order);
  return order;
}

/** @param {Span} root @param {Map<string, Span[]>} children @param {Span[]} order */
function walk(root, children, order) {
  const todo = [{ span: root, depth: 0, parent: -1 }];
  for (let next = todo.pop(); next; next = todo.pop()) {
    const { span, depth, parent } = next;
    if (span.index >= 0) continue;
    Object.assign(span, { index: order.length, depth, parent });
    order.push(span);
    const below = children.get(span.id) ?? [];
    children.delete(span.id);
    for (const child of below.toReversed()) todo.push({ span: child, depth: depth + 1, parent: span.index });
  }
}

// `end` is the index after the last span below this one.
/** @param {Span[]} order */
function closeSubtrees(order) {
  for (const span of order) span.end = span.index + 1;
  for (const span of order.toReversed()) {
    if (span.parent >= 0) order[span.parent].end = Math.max(order[span.parent].end, span.end);
  }
}

// What is shown only for the selected span, read when a span is selected.
/** @param {Span} span */
export function toDetails(span) {
  const { raw, resource, scope } = span;
  return {
    status: STATUS[raw.status?.code ?? 0] ?? String(raw.status.code),
    message: raw.status?.message ?? '',
    traceState: raw.traceState ?? '',
    scope: [scope?.name, scope?.version].filter(Boolean).join(' '),
    attributes: attributes(raw.attributes),
    resource: attributes(resource?.attributes),
    events: eventsOf(span),
    links: linksOf(span),
    dropped: [
      ['attributes', raw.droppedAttributesCount],
      ['events', raw.droppedEventsCount],
      ['links', raw.droppedLinksCount],
    ].filter(([, number]) => number > 0),
  };
}

// What happened within a span, in ns after it began. What has no time, or one
// before that, counts as at its beginning, and `untimed` says why.
/** @param {Pick<Span, 'raw' | 'from'>} span */
export function eventsOf({ raw, from }) {
  return (raw.events ?? []).map((/** @type {any} */ event) => {
    const at = BigInt(event.timeUnixNano ?? 0);
    return {
      name: event.name ?? '',
      after: Number(at < from ? 0n : at - from),
      untimed: untimed(at, from),
      attributes: attributes(event.attributes),
    };
  });
}

/** @param {bigint} at @param {bigint} from */
function untimed(at, from) {
  if (at >= from) return '';
  return at === 0n ? 'no time' : 'before the span';
}

// The links of a span to spans other than its parent.
/**
 * @param {Pick<Span, 'raw'>} span
 * @returns {{ trace: string, span: string, attributes: Attribute[] }[]}
 */
export function linksOf({ raw }) {
  return (raw.links ?? []).map((/** @type {any} */ link) => ({
    trace: link.traceId, span: link.spanId, attributes: attributes(link.attributes),
  }));
}
