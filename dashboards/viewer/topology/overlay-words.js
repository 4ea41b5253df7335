// The overlay in words and colours: its links, and its components.

import { duration, plural } from '../format.js';
import { colour } from '../palette.js';
import { linkOf } from './faults.js';

// How long a link is open, and how many routes lead over it.
/** @param {Network} network @param {string} link */
export function aboutLink({ overlay }, link) {
  const found = overlay?.links.find(({ a, b }) => linkOf(a, b) === link);
  if (!found) return [];
  const { age, routes, drains } = found;
  return [`open for ${duration(Math.round(age))}`, routes && plural(routes[0] + routes[1], 'route'), drains && 'drained'];
}

// A link in a sentence or three.
/** @param {string[]} peers @param {OverlayLink} link */
export function linkInWords(peers, { a, b, of, age, opener, drains, routes }) {
  const open = `open for ${duration(Math.round(age))}`;
  const by = opener >= 0 ? `, by ${peers[opener]}` : '';
  const alone = of < 0 ? '' : ` Only ${peers[of]} has it.`;
  const over = routes ? ` ${plural(routes[0], 'route')} of ${peers[a]} and ${routes[1]} of ${peers[b]} ${
    routes[0] + routes[1] === 1 ? 'leads' : 'lead'} over it.` : '';
  return `${peers[a]} – ${peers[b]}: ${open}${by}.${alone}${over}${drains ? ' It is drained.' : ''}`;
}

// How many sizes of components are listed.
const LISTED = 4;

/** @param {Overlay} overlay */
export function componentsInWords({ sizes }) {
  if (sizes.length < 2) return 'all in one component';
  const parts = `in ${sizes.length} components`;
  if (sizes.length > LISTED) return `${parts}, the largest of ${plural(sizes[0], 'peer')}`;
  return `${parts}, of ${sizes.slice(0, -1).join(', ')} and ${sizes.at(-1)} peers`;
}

// The component of a peer by its place, where there are several; otherwise -1.
/** @param {Overlay} overlay @param {number} place */
export const partOf = ({ sizes, component }, place) => (sizes.length > 1 ? component[place] : -1);

// The colour of its component, where there are several and the peer is not down.
/** @param {Overlay | null} overlay @param {number} place */
export function partColour(overlay, place) {
  const part = overlay ? partOf(overlay, place) : -1;
  return part < 0 ? null : colour(String(part));
}

// So many components have a name in the legend.
const NAMED = 6;

// Components of several peers by their size, and single peers by their names; empty where
// there is one component only.
/** @param {string[]} peers @param {Overlay} overlay */
export function partsInWords(peers, { sizes, component }) {
  if (sizes.length < 2) return [];
  return sizes.slice(0, NAMED).map((size, part) => (size > 1 ? `component of ${size} peers`
    : `${peers[component.indexOf(part)]} alone`));
}
