// How measurements are distributed. The edges of the bins rise by a factor and
// not by a sum: round trips are compared by their ratio,
// and a few are always far longer than the rest.

const BINS = 48;

// `{ centre, count, from, to }`, arrays of a number for each bin; null without
// a measurement. Zeros count as the least that there is, 1.
/** @param {Float64Array} values */
export function histogram(values) {
  const known = values.filter((value) => !Number.isNaN(value)).map((value) => Math.max(1, value));
  if (!known.length) return null;
  const [least, most] = known.reduce(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, 0]);
  const bins = most > least ? BINS : 1;
  const factor = bins > 1 ? (most / least) ** (1 / bins) : 1.1;
  const count = new Float64Array(bins);
  for (const value of known) {
    const bin = Math.floor(Math.log(value / least) / Math.log(factor));
    count[Math.min(bins - 1, Math.max(0, bin))] += 1;
  }
  /** @param {number} bin */
  const edge = (bin) => least * factor ** bin;
  const from = Float64Array.from(count, (_, bin) => edge(bin));
  return {
    from, count,
    to: Float64Array.from(count, (_, bin) => edge(bin + 1)),
    centre: Float64Array.from(count, (_, bin) => edge(bin + 0.5)),
  };
}
