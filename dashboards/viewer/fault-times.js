// When the faults of a run began and ended.

const kept = new WeakMap();

// Adds the faults of an answer to a model. Returns whether there are any.
/** @param {Model} model @param {DiagramAnswer} answer */
export function addFaults(model, { crashes = [], partitions = [], hindrances = [], links = [] }) {
  model.crashes.push(...crashes);
  model.partitions.push(...partitions);
  model.hindrances.push(...hindrances);
  model.links.push(...links);
  return crashes.length + partitions.length + hindrances.length + links.length > 0;
}

// The faults of a model that last, in order of their begins. `outages` are those
// of the separations that are a partition of one peer from another.
/**
 * @param {Model} model
 * @returns {{
 *   downtimes: Downtime[], separations: Separation[], outages: Separation[], hindrances: Hindrance[],
 * }}
 */
export function faultTimes(model) {
  const known = kept.get(model);
  if (known?.revision === model.revision) return known;
  const separations = separationsOf(model.partitions);
  const times = {
    revision: model.revision, separations, outages: separations.filter(isOutage),
    downtimes: downtimesOf(model.crashes),
    hindrances: hindrancesOf(model.hindrances),
  };
  kept.set(model, times);
  return times;
}

/** @param {Separation} separation */
export const isOutage = ({ group, others, isLink }) => !isLink && group.length === 1 && others.length === 1;

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

// The times in which peers were paused, or slow.
/** @param {Hindered[]} hindrances @returns {Hindrance[]} */
export function hindrancesOf(hindrances) {
  /** @type {Hindrance[]} */
  const all = [];
  for (const { peer, at, happened } of inOrder(hindrances)) {
    const kind = happened === 'pause' || happened === 'resume' ? 'pause' : 'slow';
    const open = all.findLast((one) => one.until === null && one.peer === peer && one.kind === kind);
    if (happened === kind) all.push({ peer, at, until: null, kind });
    else if (open) open.until = at;
  }
  return all;
}

/** @template {{ at: number }} Event @param {Event[]} events */
const inOrder = (events) => [...events].sort((one, other) => one.at - other.at);
