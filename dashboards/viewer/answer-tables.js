// The tables of /api/diagram: `{ peer: [0, 1], kind: [3, 3], … }`, a list for each
// column. The server's side, which documents them, is
// testbed/src/viewer/diagram/columns.rs; a test there compares the two.

// Each table's columns, with a value of each column's type.
export const TABLES = {
  steps: {
    peer: 0, kind: 0, number: 0, at: 0, duration: 0, trace: 0, span: '', sender: 0, message: '', sequence: 0,
    timer: '',
  },
  sends: { step: 0, receiver: 0, kind: 0, message: '', text: '', control: 0 },
  outputs: { step: 0, kind: 0, text: '' },
  losses: { sender: 0, receiver: 0, message: '', cause: '', reason: '' },
};

/** @typedef {keyof typeof TABLES} TableName */

/**
 * A table as it comes from the server.
 * @template {TableName} Name
 * @typedef {{ [Column in keyof typeof TABLES[Name]]: (typeof TABLES[Name])[Column][] }} Table
 */

/** @typedef {{ [Name in TableName]: Table<Name> }} Tables */

/**
 * How many rows a table has. An answer without one of its columns, or with columns of
 * different lengths, is refused.
 * @param {Partial<Tables>} answer
 * @param {TableName} name
 */
export function rowsOf(answer, name) {
  /** @type {Record<string, unknown>} */
  const table = answer[name] ?? {};
  const lengths = Object.keys(TABLES[name]).map((column) => {
    const list = table[column];
    if (!Array.isArray(list)) throw new Error(`the server's answer has no column ${name}.${column}`);
    return { column, rows: list.length };
  });
  const [first] = lengths;
  const other = lengths.find(({ rows }) => rows !== first.rows);
  if (other) {
    throw new Error(`the server's answer has ${first.rows} rows of ${name}.${first.column}, and ${
      other.rows} of ${name}.${other.column}`);
  }
  return first.rows;
}

/**
 * A table without rows.
 * @template {TableName} Name
 * @param {Name} name
 */
export const emptyTable = (name) => /** @type {Table<Name>} */ (/** @type {unknown} */ (
  Object.fromEntries(Object.keys(TABLES[name]).map((column) => [column, []]))));
