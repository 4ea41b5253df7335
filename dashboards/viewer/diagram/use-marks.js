// What stands out in the picture.

import { useMemo } from '../vendor/preact-htm.js';
import { cone } from '../causality.js';

export function useMarks(model, revision, { step, message, peer }, cut, search) {
  const around = useMemo(() => (step >= 0 ? cone(model, step) : null), [model, revision, step]);
  return useMemo(() => ({
    step, message, peer,
    cone: around,
    cut: cut.points,
    flying: cut.compared ? [...cut.compared.recorded, ...cut.compared.missed] : cut.said?.flying ?? [],
    orphans: cut.said?.orphans ?? [],
    noted: cut.compared ? new Set(cut.compared.recorded) : null,
    found: search.found,
  }), [around, step, message, peer, cut.points, cut.said, cut.compared, search.found]);
}
