// When the faults of a run began and ended.

const kept = new WeakMap();

// `{ downtimes, separations }` of a model, in order of their begins.
/** @param {Model} model @returns {{ downtimes: Downtime[], separations: Separation[] }} */
export function faultTimes(model) {
  const known = kept.get(model);
  if (known?.revision === model.revision) return known;
  const times = {
    revision: model.revision,
    downtimes: downtimesOf(model.crashes), separations: separationsOf(model.partitions),
  };
  kept.set(model, times);
  return times;
}

// The downtimes of the peers.
/** @param {Crash[]} crashes @returns {Downtime[]} */
export function downtimesOf(crashes) {
  /** @type {Downtime[]} */
  const all = [];
  /** @type {Map<string, Downtime>} */
  const open = new Map();
  for (const { peer, at, happened } of inOrder(crashes)) {
    const down = open.get(peer);
    if (happened === 'restart' && down) {
      down.until = at;
      open.delete(peer);
    } else if (happened === 'crash' && !down) {
      open.set(peer, { peer, at, until: null });
      all.push(/** @type {Downtime} */ (open.get(peer)));
    }
  }
  return all;
}

// The partitions, and the cuts of links (`isLink`).
/** @param {Partition[]} partitions @returns {Separation[]} */
export function separationsOf(partitions) {
  /** @type {Separation[]} */
  const all = [];
  for (const { group, others, at, happened } of inOrder(partitions)) {
    const sides = String([group, others]);
    const open = all.findLast((one) => one.until === null && String([one.group, one.others]) === sides);
    if (happened !== 'heal') all.push({ group, others, isLink: happened === 'cut', at, until: null });
    else if (open) open.until = at;
  }
  return all;
}

/** @template {{ at: number }} Event @param {Event[]} events */
const inOrder = (events) => [...events].sort((one, other) => one.at - other.at);
