// The settings of the diagram, to and from the address.
//
//   step=SPAN  message=PEER:ID  peer=NAME   the selection
//   axis=logical                            otherwise real time
//   cut=none | own | SNAPSHOT, at=3.0.17    which cut is drawn; `at` is one's own (cut.js)
//   hide=, group=, silent=                  peers and kinds, a comma between them
//   local=no                                steps that neither send nor receive are left out
//   view=FROM_TO                            the range of the axis in sight

import { decode } from '../router.js';

const SEPARATOR = ',';
/** @param {string | null} text */
const names = (text) => (text ? text.split(SEPARATOR) : []);

// The places in a table of what a parameter names, without what the table does not have.
/** @param {string | null} text @param {(name: string) => number} placeOf */
const placesOf = (text, placeOf) => new Set(
  names(text).map((name) => placeOf(decode(name))).filter((place) => place >= 0));

/** @param {URLSearchParams} params @param {Model} model @returns {Settings} */
export function read(params, model) {
  /** @param {string} name */
  const peers = (name) => placesOf(params.get(name), (peer) => model.peerOf(peer));
  const step = model.stepOf(params.get('step'));
  const message = messageOf(model, params.get('message'));
  const peer = model.peerOf(params.get('peer') ?? '');
  return {
    step, message, peer, unfound: unfound(params, { step, message, peer }),
    axis: params.get('axis') === 'logical' ? 'logical' : 'time',
    cut: params.get('cut') ?? '',
    at: params.get('at') ?? '',
    hidden: peers('hide'),
    grouped: peers('group'),
    silent: placesOf(params.get('silent'), (kind) => model.kinds.indexOf(kind)),
    local: params.get('local') !== 'no',
    view: range(params.get('view')),
  };
}

// The name of a peer can contain a comma.
/** @param {Set<number>} all @param {string[]} table */
const list = (all, table) => [...all].map((i) => encodeURIComponent(table[i])).join(SEPARATOR);

// Names in the address that the model does not have: `{ step: 'SPAN' }`. They stay in
// the address, as the model may get them later.
/** @param {URLSearchParams} params @param {Record<string, number>} found */
function unfound(params, found) {
  return Object.fromEntries(Object.entries(found)
    .filter(([name, place]) => place < 0 && params.get(name)).map(([name]) => [name, params.get(name)]));
}

/** @param {Settings} settings @param {Model} model */
export function write(settings, model) {
  const { step, message, peer, unfound: names, axis, cut, at, local, view } = settings;
  return {
    step: step >= 0 ? model.spans[step] : names.step ?? '',
    message: message >= 0 ? messageName(model, message) : names.message ?? '',
    peer: peer >= 0 ? model.peers[peer] : names.peer ?? '',
    axis: axis === 'time' ? '' : axis,
    cut,
    at: cut === 'own' ? at : '',
    hide: list(settings.hidden, model.peers),
    group: list(settings.grouped, model.peers),
    silent: list(settings.silent, model.kinds),
    local: local ? '' : 'no',
    view: view ? view.map(digits).join('_') : '',
  };
}

// 14 digits are enough for the nanoseconds of a day.
/** @param {number} number */
const digits = (number) => String(Number(number.toPrecision(14)));

/** @param {string | null} text */
function range(text) {
  const ends = (text ?? '').split('_').map(Number);
  return ends.length === 2 && ends.every(Number.isFinite) && ends[0] < ends[1] ? ends : null;
}

// Ids are unique per sender, so the sender's name comes first.
/** @param {Model} model @param {number} m */
export const messageName = (model, m) => `${model.peers[model.message.sender[m]]}:${model.messageIds[m]}`;

/** @param {Model | null} model @param {string | null | undefined} name */
export function messageOf(model, name) {
  if (!model || !name) return -1;
  const mark = name.lastIndexOf(':');
  return mark < 0 ? -1 : model.messageOf(model.peerOf(name.slice(0, mark)), name.slice(mark + 1));
}
