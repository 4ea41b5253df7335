// What the model lacks, so that no judgement rests on missing steps.
//
// Steps are numbered. A gap in the numbers is a step that was not recorded, or that
// the page has not read: what it sent and received is unknown.

import { plural } from '../format.js';

// A process whose first step does nothing leaves no span of it.
const SILENT = 1;

// The steps that lie before a cut and are not in the model: [{ name, steps }] by
// peer. `recorded` [{ peer, step }] is where a snapshot cuts: then
// the steps that recorded have to be there as well.
/** @param {Model} model @param {CutPoints} cut @param {{ peer: string, step: number }[]} [recorded] */
export function missingBefore(model, cut, recorded = []) {
  const recordedIn = new Map(recorded.map(({ peer, step }) => [model.peerOf(peer), step]));
  const known = model.inOrder.filter((peer) => cut[peer] >= 0)
    .map((peer) => ({
      name: model.peers[peer], steps: missing(model, peer, cut[peer], recordedIn.get(peer)),
    }));
  const unknown = recorded.filter(({ peer }) => model.peerOf(peer) < 0)
    .map(({ peer, step }) => ({ name: peer, steps: step }));
  return [...known, ...unknown].filter(({ steps }) => steps > 0);
}

/**
 * @param {Model} model
 * @param {number} peer
 * @param {number} before
 * @param {number | undefined} recordedIn
 */
function missing({ step, lines }, peer, before, recordedIn) {
  const line = lines[peer].steps.subarray(0, lines[peer].count);
  const lastHere = before > 0 ? step.number[line[before - 1]] : 0;
  const last = recordedIn === undefined ? lastHere : recordedIn - 1;
  const first = line.length ? step.number[line[0]] : 0;
  const silent = first === SILENT + 1 && last > 0 ? SILENT : 0;
  const here = recordedIn === undefined || step.number[line[before]] === recordedIn;
  return Math.max(0, last - before - silent) + (here ? 0 : 1);
}

const kept = new WeakMap();

// How many steps are missing between those that are there.
/** @param {Model} model */
export function holes(model) {
  const known = kept.get(model);
  if (known?.revision === model.revision) return known.steps;
  const ends = Int32Array.from(model.peers, (_, peer) => model.line(peer).length);
  const steps = missingBefore(model, ends).reduce((sum, one) => sum + one.steps, 0);
  kept.set(model, { revision: model.revision, steps });
  return steps;
}

// What the record of a run lacks, in words, or ''.
/** @param {Model} model @param {Run | null} run */
export function missingFrom(model, run) {
  const [steps, spans] = [holes(model), run?.spans?.lost ?? 0];
  if (steps + spans === 0) return '';
  return [steps && plural(steps, 'step'), spans && plural(spans, 'span')].filter(Boolean).join(' and ');
}

// Whether the run is over and not all of it is read. The end of a run can be known
// before its last steps are.
/** @param {Model} model @param {ServerEvent | null} event @param {boolean} whole */
export function isReading(model, event, whole) {
  return !event?.live && (!whole || model.next < (event?.spans ?? 0) + (event?.evicted ?? 0));
}

// The engines that record every loss: a message of theirs that is not lost was under way.
const EXACT = ['simulator', 'model checker'];

// The fate of a message without a receipt, in words; '' if it never arrived. That of a
// message whose loss is recorded, or follows from the faults, is in fate.js.
/**
 * @param {Model} model
 * @param {Run | null} run
 * @param {ServerEvent | null} event
 * @param {boolean} whole
 */
export function pending(model, run, event, whole) {
  if (event?.live) return 'under way';
  if (isReading(model, event, whole)) return 'not read yet';
  if (model.left > 0) return 'its receipt is not in this report';
  const lost = (run?.spans?.lost ?? 0) + (event?.evicted ?? 0);
  if (lost + holes(model) > 0) return 'no receipt was recorded; some of the run is missing';
  return EXACT.includes(run?.experiment?.options?.engine) ? 'under way when the run ended' : '';
}
