// results.csv, read: RFC 4180, as the testbed writes it.

// An array of fields for each line, the heading first.
/** @param {string} text */
export function parseCsv(text) {
  const rows = [];
  const field = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r?\n|$)/y;
  let row = [];
  while (field.lastIndex < text.length) {
    const found = field.exec(text);
    if (!found) throw new Error(`results.csv cannot be read in line ${rows.length + 1}`);
    const [, value, end] = found;
    row.push(value.startsWith('"') ? value.slice(1, -1).replaceAll('""', '"') : value);
    if (end !== ',') {
      rows.push(row);
      row = [];
    }
    if (end === '') break;
  }
  return rows;
}

// The pings of a run: `{ at, took, lost }`, typed arrays in the order of the
// file. `at` is in ns after the first was sent; `took` is NaN for a lost one,
// which `lost` lists as `{ ping, from, to, at, reason }`.
/** @param {string} text */
export function pingsOf(text) {
  const [heading = [], ...rows] = parseCsv(text);
  /** @param {string} name */
  const column = (name) => heading.indexOf(name);
  const [sent, took, lost] = ['sent_unix_ns', 'round_trip_ns', 'lost'].map(column);
  if (!rows.length || sent < 0 || took < 0) return null;
  const times = rows.map((row) => BigInt(row[sent]));
  const first = times.reduce((least, time) => (time < least ? time : least));
  const pings = {
    at: Float64Array.from(times, (time) => Number(time - first)),
    took: Float64Array.from(rows, (row) => (row[took] === '' ? NaN : Number(row[took]))),
    lost: /** @type {{ ping: string, from: string, to: string, at: number, reason: string }[]} */ ([]),
  };
  rows.forEach((row, i) => {
    if (row[took] !== '') return;
    const [ping, from, to] = ['ping', 'from', 'to'].map((name) => row[column(name)] ?? '');
    pings.lost.push({ ping, from, to, at: pings.at[i], reason: row[lost] ?? '' });
  });
  return pings;
}
