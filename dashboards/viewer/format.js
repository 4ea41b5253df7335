// Numbers, times and sizes as readable text.

/** @type {[string, number][]} */
const UNITS = [['ns', 1], ['µs', 1e3], ['ms', 1e6], ['s', 1e9]];

// Three significant digits distinguish two spans and fit beside a bar.
/** @param {number} ns */
export function duration(ns) {
  if (ns === 0) return '0';
  const size = Math.abs(ns);
  if (size >= 60e9) {
    const seconds = Math.round(ns / 1e9);
    return `${Math.trunc(seconds / 60)} min ${Math.abs(seconds % 60)} s`;
  }
  const [unit, scale] = UNITS.findLast(([, scale]) => size >= scale * 0.9995) ?? UNITS[0];
  const digits = Math.max(0, 2 - Math.floor(Math.log10(size / scale) + 0.0003));
  return `${Number((ns / scale).toFixed(unit === 'ns' ? 0 : digits))} ${unit}`;
}

/** @param {number | undefined} number */
export function count(number) {
  return Number(number).toLocaleString('en');
}

/** @param {number} number @param {string} one @param {string} [many] */
export function plural(number, one, many = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : many}`;
}

/** @type {[string, number][]} */
const SIZES = [['B', 1], ['KiB', 1024], ['MiB', 1024 ** 2], ['GiB', 1024 ** 3]];

/** @param {number} number */
export function bytes(number) {
  const [unit, scale] = SIZES.findLast(([, scale]) => number >= scale) ?? SIZES[0];
  return `${Number((number / scale).toPrecision(3)).toLocaleString('en')} ${unit}`;
}

// A measured value in the unit that `run.json` states. A ratio just below 1 is not
// rounded to 1.
/** @param {number | null | undefined} value @param {string} unit */
export function measured(value, unit) {
  if (value === null || value === undefined) return '–';
  if (unit === 'ns') return duration(value);
  const rounded = Number(value.toPrecision(4));
  if (value < 1 && rounded === 1) return '< 1';
  return count(value >= 1000 ? Math.round(value) : rounded);
}

const CLOCK = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3,
});

// `ns` is a BigInt: nanoseconds since 1970 are beyond 2^53.
/** @param {bigint} ns */
export function clock(ns) {
  return CLOCK.format(new Date(Number(ns / 1000000n)));
}

/** @param {bigint} ns */
export function isoTime(ns) {
  const fraction = String(ns % 1000000000n).padStart(9, '0');
  return `${new Date(Number(ns / 1000000n)).toISOString().slice(0, 19)}.${fraction}Z`;
}

// A long list of measurements is for the report, not for a line of text.
const LONGEST = 200;

/** @param {unknown} value */
export function plain(value) {
  if (value === null || value === undefined) return '–';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)} …` : text;
}
