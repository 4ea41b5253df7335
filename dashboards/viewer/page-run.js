// Which run this page shows: the server's own, or another one of its folder, which
// the address names: `/?run=ID#/…`. The name stands before the `#`, so that every
// link within the page keeps it.

export const pageRun = new URLSearchParams(globalThis.location?.search ?? '').get('run') ?? '';

// The address of another run; with none, of the server's own.
/** @param {string} id @param {string} [hash] */
export function toRun(id, hash = '#/') {
  return id ? `?${new URLSearchParams({ run: id })}${hash}` : `./${hash}`;
}
