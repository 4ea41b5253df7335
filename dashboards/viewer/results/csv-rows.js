// The lines of a large results.csv, one after the other. Of more than the page
// can quickly read, some are taken, spread evenly over the file.

import { parseCsv } from './csv.js';

// A guess: half a second's work for a browser.
export const MOST_ROWS = 200_000;

// How many lines there are below the heading.
/** @param {string} text */
export function countRows(text) {
  let lines = text.length > 0 && !text.endsWith('\n') ? 1 : 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines += 1;
  return Math.max(0, lines - 1);
}

// The rate at which `many` lines are sampled: one in so many is taken.
/** @param {number} many @param {number} [most] */
export const oneIn = (many, most = MOST_ROWS) => Math.max(1, Math.ceil(many / most));

// Whether a line is taken: a hash of its number decides, so that no pattern of the file
// interferes.
/** @param {number} number @param {number} one */
export const isTaken = (number, one) => one === 1
  || (Math.imul(number, 0x9e3779b1) >>> 0) * one < 2 ** 32;

/**
 * Gives `take` the named fields of each line for which `wanted(number, line)`
 * is true. False if the file has no such fields.
 * @param {string} text
 * @param {string[]} names
 * @param {(...fields: string[]) => void} take
 * @param {(number: number, line: string) => boolean} [wanted]
 */
export function readRows(text, names, take, wanted = () => true) {
  const quoted = text.includes('"');
  const [heading = []] = parseCsv(text.slice(0, text.indexOf('\n') + 1));
  const columns = names.map((name) => heading.indexOf(name));
  if (columns.includes(-1)) return false;
  let at = text.indexOf('\n') + 1;
  for (let number = 0; at < text.length; number += 1) {
    const end = endOfRow(text, at, quoted);
    const line = text.slice(at, text[end - 1] === '\r' ? end - 1 : end);
    at = end + 1;
    if (!wanted(number, line)) continue;
    const fields = quoted && line.includes('"') ? parseCsv(line)[0] : line.split(',');
    take(...columns.map((column) => fields[column] ?? ''));
  }
  return true;
}

// A quoted field may contain an end of line.
/** @param {string} text @param {number} from @param {boolean} quoted */
function endOfRow(text, from, quoted) {
  let end = from - 1;
  do {
    const next = text.indexOf('\n', end + 1);
    end = next < 0 ? text.length : next;
  } while (quoted && end < text.length && text.slice(from, end).split('"').length % 2 === 0);
  return end;
}

// An empty field is no number.
/** @param {string} field */
export const number = (field) => (field === '' ? NaN : Number(field));
