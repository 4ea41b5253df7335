// The overlay at the moment that the player shows.

import { useEffect, useMemo, useRef, useState } from '../vendor/preact-htm.js';
import { linkEnds } from '../link-times.js';
import { routesAfter } from '../routes.js';
import { lastSteps, overlayAt, withOverlay } from './overlay.js';

// What changes faster than this (ms) cannot be read.
const PACE = 200;
// The states with the routes are requested at most this often (ms).
const REST = 500;

// In a run with links of an overlay, the network with these in place of connections, and what is broken
// of it.
/**
 * @param {Network} network
 * @param {Model | null} model
 * @param {number} revision
 * @param {Moments | null} moments
 * @param {Player} player
 * @param {Broken} broken
 */
export function useOverlay(network, model, revision, moments, player, broken) {
  const has = useMemo(() => model !== null && linkEnds(model).length > 0, [model, revision]);
  const at = useMoment(player, has);
  const routes = useRoutes(has ? model : null, moments, at, player);
  return useMemo(() => {
    const overlay = has && model && moments
      ? overlayAt(model, moments, at, network, broken.dead, routes) : null;
    return overlay ? withOverlay(network, broken, overlay) : { network, broken };
  }, [network, has, revision, moments, at, broken, routes]);
}

/** @param {Player} player @param {boolean} has */
function useMoment(player, has) {
  const [at, setAt] = useState(player.at);
  useEffect(() => {
    if (!has) return undefined;
    let timer = 0;
    const look = () => {
      timer = 0;
      setAt(player.at);
    };
    look();
    const stop = player.watch(() => { timer ||= setTimeout(look, PACE); });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [player, has]);
  return at;
}

/** @type {never[]} */
const NONE = [];

// The routes of each peer at that moment, once they are read. While the run is played they are
// those of a moment ago. While a run goes on and its end is followed, none are read.
/** @param {Model | null} model @param {Moments | null} moments @param {number} at @param {Player} player */
function useRoutes(model, moments, at, player) {
  const [known, setKnown] = useState({
    at: NaN, moments, routes: /** @type {(Routes | null)[]} */ (NONE),
  });
  const busy = useRef(false);
  useEffect(() => {
    if (!model || !moments || busy.current || (known.at === at && known.moments === moments)) return;
    if (player.following || !Number.isFinite(at)) return;
    busy.current = true;
    const steps = lastSteps(model, moments, at);
    const rest = new Promise((resolve) => { setTimeout(resolve, REST); });
    Promise.all(steps.map((s) => (s < 0 ? null : routesAfter(model, s)))).then(async (routes) => {
      setKnown({ at, moments, routes });
      await rest;
      busy.current = false;
      setKnown((last) => ({ ...last }));
    });
  }, [model, moments, at, known]);
  const isKnown = !player.following && (known.at === at || player.playing);
  return isKnown ? known.routes : NONE;
}
