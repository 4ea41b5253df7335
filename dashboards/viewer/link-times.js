// When peers had links with each other, by the outputs of overlays and of routing.
//
// An overlay outputs `Opened neighbour=peer-03 own=true` and `Closed neighbour=peer-03
// why=silent`. Routing outputs `Found neighbour=peer-03` when it uses a link from then on, and
// `Lost` or `Closed` when it does not any more.

const NEIGHBOUR = /(?:^| )neighbour=(\S+)/;
const OWN = /(?:^| )own=(true|false)/;
const OPENS = ['Found', 'Opened'];
const CLOSES = new Set(['Closed', 'Lost']);
const SILENT = /(?:^| )why=silent(?: |$)/;

/** @type {WeakMap<Model, { revision: number, ends: LinkEnd[] }>} */
const kept = new WeakMap();

// All ends of links, in the order of the peers and of their steps; none in a run without links.
/** @param {Model} model */
export function linkEnds(model) {
  const known = kept.get(model);
  if (known?.revision === model.revision) return known.ends;
  const has = OPENS.some((kind) => model.kinds.includes(kind));
  const ends = has ? model.lines.flatMap((_, peer) => endsOf(model, peer)) : [];
  kept.set(model, { revision: model.revision, ends });
  return ends;
}

/** @param {Model} model @param {number} peer */
function endsOf(model, peer) {
  /** @type {LinkEnd[]} */
  const all = [];
  /** @type {Map<number, LinkEnd>} */
  const open = new Map();
  for (const s of model.line(peer)) {
    // A peer that restarts has no link.
    if (model.kinds[model.step.kind[s]] === 'restart') {
      for (const end of open.values()) end.to = s;
      open.clear();
    }
    for (const { kind, text } of model.outputs.get(s) ?? []) {
      const other = model.peerOf(NEIGHBOUR.exec(text)?.[1] ?? '');
      const own = OWN.exec(text)?.[1];
      if (other < 0) continue;
      const opens = kind === 'Found' || (kind === 'Opened' && own !== undefined);
      const before = open.get(other);
      if (CLOSES.has(kind) && before) {
        before.to = s;
        before.isSilent = kind === 'Lost' || SILENT.test(text);
        open.delete(other);
      } else if (opens && !before) {
        const asked = own === undefined ? null : own === 'true';
        const end = { peer, other, own: asked, from: s, to: -1, isSilent: false };
        open.set(other, end);
        all.push(end);
      }
    }
  }
  return all;
}
