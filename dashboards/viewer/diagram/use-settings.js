// The settings of the diagram, which live in the address.

import { useCallback, useMemo, useRef } from '../vendor/preact-htm.js';
import { replace, toDiagram } from '../router.js';
import { read, write } from './settings.js';

// `set(change)` writes the address anew; what it does not name stays.
/** @param {Route} route @param {Model} model @param {number} revision */
export function useSettings(route, model, revision) {
  const text = route.params.toString();
  const settings = useMemo(() => read(route.params, model), [text, model, revision]);
  const now = useRef(null);
  now.current = settings;
  const set = useCallback((/** @type {Partial<Settings>} */ change) => {
    now.current = { ...now.current, ...change };
    replace(toDiagram(write(now.current, model)));
  }, [model]);
  return { settings, set };
}
