// Which cut is drawn, and what it says.
//
// A recorded snapshot is drawn without being asked for. As soon as somebody
// moves a point of it, the cut is their own.

import { useCallback, useEffect, useMemo, useRef, useState } from '../vendor/preact-htm.js';
import { getCuts, useLoaded } from '../api.js';
import { compare, fromText, inspect, ofSnapshot, straight, toText } from './cut.js';

// { snapshots, snapshot, points, said, compared, own, placing, … }: `points` is the
// cut (cut.js) or null, `said` what inspect() finds, `compared` what compare() does.
export function useCut(model, revision, event, settings, set, layout) {
  // The server reads the whole run for its answer: it is asked again when there
  // is something new in it, and once at the end.
  const loaded = useLoaded(getCuts, 'cuts', event?.live && model.saidOfSnapshots);
  const snapshots = useMemo(() => (loaded.value ?? []).filter(({ recorded }) => recorded.length), [loaded.value]);
  const [own, setOwn] = useState(null);
  const [placing, setPlacing] = useState(false);
  useWritten(own, settings, set, model);

  const snapshot = settings.cut === 'own' || settings.cut === 'none' ? null
    : snapshots.find((one) => one.snapshot === settings.cut) ?? (settings.cut ? null : snapshots[0]) ?? null;
  const points = useMemo(() => {
    if (settings.cut === 'own') return fitted(own ?? fromText(model, settings.at), model);
    return snapshot ? ofSnapshot(model, snapshot) : null;
  }, [model, revision, own, settings.cut, settings.cut === 'own' && settings.at, snapshot]);
  const said = useMemo(() => points && inspect(model, points), [model, revision, points]);
  const compared = useMemo(() => said && snapshot && compare(model, said.flying, snapshot), [said, snapshot]);

  const take = useCallback((next) => {
    setOwn(next);
    if (settings.cut !== 'own') set({ cut: 'own', at: toText(model, next) });
  }, [settings.cut, set, model]);
  const choose = useCallback((name) => {
    setPlacing(false);
    setOwn(null);
    set({ cut: name, view: null });
  }, [set]);
  const begin = () => {
    setPlacing(true);
    take(new Int32Array(model.peers.length).fill(-1));
  };
  const place = (peers, x) => {
    const there = straight(layout, model, x);
    const next = points.slice();
    for (const peer of peers) next[peer] = there[peer];
    if (next.every((count) => count >= 0)) setPlacing(false);
    take(next);
  };
  return useMemo(() => ({
    snapshots, snapshot, points, said, compared, placing, own: settings.cut === 'own',
    problem: loaded.error, drag: take, choose, begin, place, stop: () => setPlacing(false),
    across: (x) => { setPlacing(false); take(straight(layout, model, x)); },
  }), [snapshots, snapshot, points, said, compared, placing, settings.cut, loaded.error, take, layout]);
}

// Peers can come after the cut was made: it does not meet them.
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
