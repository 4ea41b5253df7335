// What the picture highlights: the selection, its past and future, the cut, what a
// search found, and the steps that a violation names.

import { useMemo } from '../vendor/preact-htm.js';
import { cone } from '../causality.js';
import { FLYING, ORPHAN, OTHER } from './paint-highlights.js';

/**
 * @param {Model} model
 * @param {number} revision
 * @param {{ settings: Settings, cut: Cut, search: StepSearch, wrong: Set<number> }} shown
 */
export function useMarks(model, revision, { settings, cut, search, wrong }) {
  const { step, message, peer } = settings;
  const around = useMemo(() => (step >= 0 ? cone(model, step) : null), [model, revision, step]);
  // Hundreds of thousands of messages can cross a cut: they are classified once, and
  // not for each frame.
  const highlighted = useMemo(() => highlightsOf(cut, model),
    [model, cut.crossing, cut.compared, cut.status]);
  return useMemo(() => ({
    step, message, peer, highlighted,
    cone: around,
    cut: cut.points,
    orphans: cut.crossing?.orphans.length ?? 0,
    found: search.found,
    wrong,
  }), [around, step, message, peer, highlighted, cut.points, cut.crossing, search.found, wrong]);
}

// How each message that crosses the cut is highlighted. An incomplete snapshot has no
// orphans.
/** @param {Cut} cut @param {Model} model */
function highlightsOf({ crossing, compared, status }, { message: { count } }) {
  const highlighted = new Uint8Array(crossing ? count : 0);
  /** @param {number[]} messages @param {number} look */
  const put = (messages, look) => messages.forEach((m) => { highlighted[m] = look; });
  if (compared) {
    put([...compared.missed, ...compared.open], OTHER);
    put(compared.recorded, FLYING);
  } else put(crossing?.flying ?? [], FLYING);
  if (status === 'known') put(crossing?.orphans ?? [], ORPHAN);
  return highlighted;
}
