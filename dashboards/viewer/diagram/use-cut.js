// Which cut is drawn, and the messages that cross it.
//
// By default a recorded snapshot is drawn; while the run goes on, the newest one. As
// soon as one of its points is moved, the cut is the user's own.

import { useCallback, useEffect, useMemo, useRef, useState } from '../vendor/preact-htm.js';
import { getCuts, useLoaded } from '../api.js';
import { compare, fromText, inspect, notACut, ofSnapshot, straight, toText } from './cut.js';
import { isReading, missingBefore } from './completeness.js';
import { absent, choose as chooseOf, cutStatus } from './snapshots.js';

// The server reads the whole run for its answer: the page requests it no more often (ms).
const PACE = 2000;

// { snapshots, snapshot, following, points, status, missing, crossing, compared, own, placing, … }:
// `points` is the cut (cut.js) or null, `crossing` what inspect() finds, `compared` what
// compare() does, each null where it is not known; `status` (snapshots.js) says why.
/**
 * @param {{
 *   model: Model, revision: number, event: ServerEvent | null, run: Run | null,
 *   whole: boolean, settings: Settings, set: SetSettings, layout: Layout,
 * }} options
 */
export function useCut({ model, revision, event, run, whole, settings, set, layout }) {
  const live = event?.live ?? false;
  const reading = isReading(model, event, whole);
  // Loaded again when a snapshot reports something new, and once at the end.
  const loaded = useLoaded(getCuts, 'cuts', live && model.snapshotOutputs, PACE);
  const snapshots = useMemo(() => (loaded.value ?? []).filter(({ recorded }) => recorded.length),
    [loaded.value]);
  const [own, setOwn] = useState(/** @type {CutPoints | null} */ (null));
  const [placing, setPlacing] = useState(false);
  useWritten(own, settings, set, model);
  const snapshot = useSnapshot(snapshots, settings.cut, live, run);
  const points = useMemo(() => {
    if (reading) return null;
    if (settings.cut === 'own') return fitted(own ?? fromText(model, settings.at), model);
    return snapshot ? ofSnapshot(model, snapshot) : null;
  }, [model, revision, reading, own, settings.cut, settings.cut === 'own' && settings.at, snapshot]);
  const found = useFound(model, revision, snapshot, points, reading);

  const take = useCallback((/** @type {CutPoints} */ next) => {
    setOwn(next);
    if (settings.cut !== 'own') set({ cut: 'own', at: toText(model, next) });
  }, [settings.cut, set, model]);
  const choose = useCallback((/** @type {string} */ name) => {
    setPlacing(false);
    setOwn(null);
    set({ cut: name, view: null });
  }, [set]);
  const begin = () => {
    setPlacing(true);
    take(new Int32Array(model.peers.length).fill(-1));
  };
  /** @param {number[]} peers @param {number} x */
  const place = (peers, x) => {
    if (!points) return;
    const there = straight(layout, model, x);
    const next = points.slice();
    for (const peer of peers) next[peer] = there[peer];
    if (next.every((count) => count >= 0)) setPlacing(false);
    take(next);
  };
  const wrong = settings.cut === 'own' && !own && !reading ? notACut(model, settings.at) : null;
  return useMemo(() => ({
    ...found, snapshots, snapshot, points, placing, live, reading, problem: loaded.error,
    own: settings.cut === 'own', following: live && !settings.cut,
    absent: absent(loaded.value && snapshots, settings.cut, { live, wrong }),
    drag: take, choose, begin, place, stop: () => setPlacing(false),
    /** @param {number} x */
    across: (x) => { setPlacing(false); take(straight(layout, model, x)); },
  }), [found, snapshots, snapshot, points, placing, settings.cut, live, reading, wrong,
    loaded.error, loaded.value, take, layout]);
}

// The snapshot that is shown. Where the newest was followed to the end of the run,
// the last one stays.
/**
 * @param {Snapshot[]} snapshots
 * @param {string} name
 * @param {boolean} live
 * @param {Run | null} run
 */
function useSnapshot(snapshots, name, live, run) {
  const followed = useRef(false);
  const snapshot = useMemo(() => chooseOf(snapshots, name, { live, run, followed: followed.current }),
    [snapshots, name, live, run]);
  if (live) followed.current = !name;
  return snapshot;
}

// The messages that cross the cut, and how they compare with the snapshot.
/**
 * @param {Model} model
 * @param {number} revision
 * @param {Snapshot | null} snapshot
 * @param {CutPoints | null} points
 * @param {boolean} reading
 */
function useFound(model, revision, snapshot, points, reading) {
  const missing = useMemo(() => (points ? missingBefore(model, points, snapshot?.recorded) : []),
    [model, revision, points, snapshot]);
  const crossing = useMemo(() => (points && !missing.length ? inspect(model, points) : null),
    [model, revision, points, missing]);
  return useMemo(() => {
    const status = cutStatus(snapshot, { reading, missing });
    const compared = crossing && snapshot && status === 'known'
      ? compare(model, crossing.flying, snapshot) : null;
    return { missing, crossing, status, compared };
  }, [crossing, snapshot, reading, missing]);
}

// Peers can come after the cut was made: it does not meet them.
/** @param {CutPoints} points @param {Model} model */
function fitted(points, model) {
  if (points.length === model.peers.length) return points;
  const all = new Int32Array(model.peers.length).fill(-1);
  all.set(points.subarray(0, all.length));
  return all;
}

// A drag moves the cut in each frame. The browser refuses an address that
// changes as often (Safari: 100 times in half a minute), so it follows when the
// cut has come to rest.
const REST = 300;

/**
 * @param {CutPoints | null} own
 * @param {Settings} settings
 * @param {SetSettings} set
 * @param {Model} model
 */
function useWritten(own, settings, set, model) {
  const mine = useRef(null);
  mine.current = settings;
  useEffect(() => {
    if (!own) return undefined;
    const timer = setTimeout(() => {
      const at = toText(model, own);
      if (mine.current.cut === 'own' && mine.current.at !== at) set({ at });
    }, REST);
    return () => clearTimeout(timer);
  }, [own]);
}
