// What stands out in the picture.

import { useMemo } from '../vendor/preact-htm.js';
import { cone } from '../causality.js';
import { FLYING, ORPHAN, OTHER } from './paint-loud.js';

export function useMarks(model, revision, { step, message, peer }, cut, search) {
  const around = useMemo(() => (step >= 0 ? cone(model, step) : null), [model, revision, step]);
  // A large cut has hundreds of thousands: they are looked through once, and not
  // for each frame.
  const loud = useMemo(() => loudOf(cut, model), [model, cut.said, cut.compared, cut.standing]);
  return useMemo(() => ({
    step, message, peer, loud,
    cone: around,
    cut: cut.points,
    orphans: cut.said?.orphans.length ?? 0,
    found: search.found,
  }), [around, step, message, peer, loud, cut.points, cut.said, search.found]);
}

// What stands out because of the cut: of each such message, how. Of a snapshot
// that never came to be nothing is against it.
function loudOf({ said, compared, standing }, { message: { count } }) {
  const loud = new Uint8Array(said ? count : 0);
  const put = (messages, look) => messages.forEach((m) => { loud[m] = look; });
  if (compared) {
    put([...compared.missed, ...compared.open], OTHER);
    put(compared.recorded, FLYING);
  } else put(said?.flying ?? [], FLYING);
  if (standing === 'known') put(said?.orphans ?? [], ORPHAN);
  return loud;
}
