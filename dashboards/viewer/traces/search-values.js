// Parsers for the fields of the search: tags, durations and times. Each throws an error
// that states the expected form.

// `k=v other="two words"`, as in Jaeger: `{ k: 'v', other: 'two words' }`.
/** @param {string} text */
export function tagsOf(text) {
  /** @type {Record<string, string>} */
  const tags = {};
  let rest = text.trim();
  while (rest) {
    const found = /^([^\s="]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s"]*))(?:\s+|$)/s.exec(rest);
    if (!found) {
      throw new Error('tags are written key=value, with quotes around a value that has spaces: '
        + 'p2p.remote=peer-03 error="no answer"');
    }
    const [whole, key, quoted, bare] = found;
    tags[key] = quoted === undefined ? bare : quoted.replace(/\\(.)/gs, '$1');
    rest = rest.slice(whole.length);
  }
  return tags;
}

/** @type {Record<string, bigint>} */
const UNITS = { ns: 1n, us: 1000n, µs: 1000n, μs: 1000n, ms: 1000000n, s: 1000000000n, min: 60000000000n };

// `1.2s`, `100ms`, `35 µs`: nanoseconds as text, `''` for none.
/** @param {string} text */
export function lengthOf(text) {
  if (!text.trim()) return '';
  const found = /^(\d+)(?:\.(\d{1,12}))?\s*(ns|us|µs|μs|ms|s|min)$/.exec(text.trim());
  if (!found) throw new Error(`“${text}” is no duration such as 1.2s, 100ms or 35us`);
  const [, whole, part = '', unit] = found;
  const digits = BigInt(whole + part) * UNITS[unit];
  return String(digits / 10n ** BigInt(part.length));
}

// A time: so long after the run began (`1.5s`), by the clock of this browser
// on the run's day (`09:41:07.25`), or in full (RFC 3339). As RFC 3339, `''`
// for none. `began` is nanoseconds since 1970, a BigInt.
/** @param {string} text @param {bigint} began */
export function momentOf(text, began) {
  const said = text.trim();
  if (!said) return '';
  const clock = /^(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?$/.exec(said);
  if (clock) {
    const [, hours, minutes, seconds = '0', part = ''] = clock;
    const day = new Date(Number(began / 1000000n));
    day.setHours(Number(hours), Number(minutes), Number(seconds), 0);
    return rfc3339(BigInt(day.getTime()) * 1000000n + BigInt(part.padEnd(9, '0')));
  }
  if (/^\d{4}-\d{2}-\d{2}T/.test(said) && !Number.isNaN(Date.parse(said))) return said;
  try {
    return rfc3339(began + BigInt(lengthOf(said)));
  } catch {
    throw new Error(`“${text}” is no time such as 1.5s (after the beginning), 09:41:07.25 or 2026-01-31T09:41:07Z`);
  }
}

/** @param {bigint} ns */
function rfc3339(ns) {
  const fraction = String(ns % 1000000000n).padStart(9, '0');
  return `${new Date(Number(ns / 1000000n)).toISOString().slice(0, 19)}.${fraction}Z`;
}
