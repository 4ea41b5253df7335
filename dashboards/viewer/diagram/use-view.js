// The part of the picture that is in sight.
//
// Until it is moved, the view is at the right edge while the run goes on, at the cut
// if there is one, and otherwise around all of the run.

import { useEffect, useMemo, useRef, useState } from '../vendor/preact-htm.js';
import { flyingIn } from './cut.js';
import { around, fit, reveal, zoom } from './view.js';

// While the run goes on, about so many steps are in sight: enough to see the
// traffic, few enough to distinguish messages.
const FOLLOWED = 400;

// The address follows when the view has come to rest, see use-cut.js.
const REST = 300;

/**
 * @param {Layout} layout
 * @param {Settings} settings
 * @param {SetSettings} set
 * @param {Cut} cut
 * @param {boolean} live
 * @param {ElementRef} picture
 */
export function useView(layout, settings, set, cut, live, picture) {
  const [moved, setMoved] = useState(/** @type {View | null} */ (null));
  const named = useMemo(() => {
    const [from, to] = settings.view ?? [];
    return settings.view && { ...fit(layout), start: from, span: to - from };
  }, [settings.view?.join()]);
  const wanted = useMemo(() => {
    if (live) return atEdge(layout);
    return cut.points ? atCut(layout, cut) : fit(layout);
  }, [layout, live, cut.snapshot, cut.own, cut.reading]);
  const view = moved ?? named ?? wanted;
  const now = useRef(null);
  now.current = { layout, view, cut };

  // Another axis moves every step, so the view is reset.
  const axis = useRef(layout.axis);
  useEffect(() => {
    if (axis.current === layout.axis) return;
    axis.current = layout.axis;
    setMoved(null);
    set({ view: null });
  }, [layout.axis]);
  useEffect(() => {
    if (!moved) return undefined;
    const timer = setTimeout(() => set({ view: [moved.start, moved.start + moved.span] }), REST);
    return () => clearTimeout(timer);
  }, [moved]);

  const size = () => {
    const box = picture.current.getBoundingClientRect();
    return { width: box.width, height: box.height };
  };
  const actions = useMemo(() => ({
    move: setMoved,
    /** @param {number} factor */
    zoom: (factor) => {
      const { layout: here, view: last } = now.current;
      setMoved(zoom(here, last, factor, last.start + last.span / 2));
    },
    fit: () => setMoved(fit(now.current.layout)),
    toCut: () => now.current.cut.points && setMoved(atCut(now.current.layout, now.current.cut)),
    reset: () => { setMoved(null); set({ view: null }); },
    // The view must not move while a handle is dragged.
    hold: () => setMoved((last) => last ?? now.current.view),
    middle: () => now.current.view.start + now.current.view.span / 2,
    /** @param {number} step */
    show: (step) => {
      const { layout: here, view: last } = now.current;
      const row = here.rowOf[here.peerOf[step]];
      if (row < 0) return;
      const next = reveal(here, last, here.x[step], row, size());
      if (next !== last) setMoved(next);
    },
  }), [set]);
  return { ...actions, view, auto: !moved && !named };
}

// Around the cut and the messages in flight across it.
/** @param {Layout} layout @param {Cut} cut */
function atCut(layout, { points, crossing, compared }) {
  let [from, to] = [Infinity, -Infinity];
  /** @param {number} x */
  const take = (x) => {
    if (x < from) from = x;
    if (x > to) to = x;
  };
  points?.forEach((count, peer) => {
    const line = layout.all[peer];
    if (count > 0) take(layout.x[line[Math.min(count, line.length - 1)]]);
    if (count >= 0 && count < line.length) take(layout.x[line[count]]);
  });
  for (const m of flyingIn({ crossing, compared })) {
    take(layout.start[m]);
    take(layout.end[m]);
  }
  return from <= to ? around(layout, from, to, 0.12) : fit(layout);
}

/** @param {Layout} layout */
function atEdge(layout) {
  const all = Float64Array.from(layout.lines.flatMap(({ xs }) => [...xs.subarray(-FOLLOWED)])).sort();
  const from = all.at(-FOLLOWED) ?? layout.begin;
  return around(layout, from, Math.max(layout.finish, from), 0.04);
}
