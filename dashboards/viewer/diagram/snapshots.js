// Which snapshot is shown, and whether it can be judged.

import { violated } from './violations.js';

// 'reading': not all is read. 'aborted', 'open': there is no such snapshot, or
// not yet. 'missing': steps before the cut are not there. 'known': all of it is.
/**
 * @param {Snapshot | null} snapshot
 * @param {{ reading: boolean, missing: Missing[] }} known
 * @returns {CutStatus}
 */
export function cutStatus(snapshot, { reading, missing }) {
  if (reading) return 'reading';
  if (snapshot && !snapshot.complete.length) return snapshot.aborted.length ? 'aborted' : 'open';
  return missing.length ? 'missing' : 'known';
}

// The one that the address names. Without a name: the newest while the run goes
// on, and after its end where it was followed until then; otherwise the first that
// violates a property, or the first. `snapshots` are in the order of their ids.
/**
 * @param {Snapshot[]} snapshots
 * @param {string} name
 * @param {{ live: boolean, run: Run | null, followed: boolean }} state
 */
export function choose(snapshots, name, { live, run, followed }) {
  if (name === 'own' || name === 'none') return null;
  /** @param {string} wanted */
  const named = (wanted) => snapshots.find(({ snapshot }) => snapshot === wanted);
  if (name) return named(name) ?? null;
  if (live || followed) return newest(snapshots);
  return snapshots.find((one) => violations(run, one).length) ?? snapshots[0] ?? null;
}

/** @param {Snapshot[]} snapshots */
function newest(snapshots) {
  return snapshots.reduce((last, one) => (last && last.began > one.began ? last : one),
    /** @type {Snapshot | null} */ (null));
}

// The violations of a failed run in a snapshot: [{ property, text }].
/** @param {Run | null} run @param {Snapshot} snapshot */
export function violations(run, { snapshot }) {
  const about = new RegExp(`^snapshot ${snapshot.replace(/[^0-9/]/g, '')}[:,] *`);
  return violated(run).filter(({ text }) => about.test(text))
    .map(({ property, text }) => ({ property, text: text.replace(about, '') }));
}

// Which snapshot or cut of the address does not exist, in words, or null. `snapshots`
// is null until they are read.
/**
 * @param {Snapshot[] | null} snapshots
 * @param {string} name
 * @param {{ live: boolean, wrong: string | null }} state
 */
export function absent(snapshots, name, { live, wrong }) {
  if (wrong) return `The address names no cut of this run: ${wrong}.`;
  if (!name || name === 'own' || name === 'none' || !snapshots) return null;
  if (snapshots.some(({ snapshot }) => snapshot === name)) return null;
  return `This run has ${live ? 'as yet ' : ''}no snapshot ${name}${others(snapshots)}.`;
}

/** @param {Snapshot[]} snapshots */
function others(snapshots) {
  const [first, last] = [snapshots[0]?.snapshot, snapshots.at(-1)?.snapshot];
  if (first === undefined) return ', and no other';
  return first === last ? `, but ${first}` : `; its snapshots are ${first} to ${last}`;
}

// Why a snapshot was aborted: { by, silent, late, unheard }. `by` are the peers that
// timed out. Of the peers that they waited for, `silent` recorded no state, `late`
// recorded one but did not report their channels, and `unheard` did both, but their
// report did not arrive.
/** @param {Snapshot} snapshot */
export function whyAborted({ aborted, recorded, finished }) {
  const waitedFor = [...new Set(aborted.flatMap(({ missing }) => missing))];
  /** @param {string[]} list */
  const has = (list) => new Set(list);
  const [states, reports] = [has(recorded.map(({ peer }) => peer)), has(finished)];
  return {
    by: [...new Set(aborted.map(({ peer }) => peer))],
    silent: waitedFor.filter((peer) => !states.has(peer)),
    late: waitedFor.filter((peer) => states.has(peer) && !reports.has(peer)),
    unheard: waitedFor.filter((peer) => states.has(peer) && reports.has(peer)),
  };
}
