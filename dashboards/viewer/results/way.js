// The way of one message through the network as a picture: time runs to the right, each line has
// a peer, and its colour is that of its hops, its time or its region.

import { html, useMemo, useState } from '../vendor/preact-htm.js';
import { getTopology, useLoaded } from '../api.js';
import { count, duration, plural } from '../format.js';
import { kindColour } from '../palette.js';
import { treeOf } from './spread-tree.js';

const WIDTH = 1000;
const LEFT = 8;
const HIGHEST = 640;
// How many colours there are for hops.
const HOPS = 8;

/** @type {[string, string][]} */
const COLOURS = [['hops', 'hops'], ['time', 'time'], ['region', 'region']];

/** @param {{ csv: string, median: number, slowest: number }} props */
export function Way({ csv, median, slowest }) {
  const [chosen, choose] = useState({ message: 'median', by: 'hops' });
  const number = chosen.message === 'median' ? median : slowest;
  const tree = useMemo(() => treeOf(csv, number), [csv, number]);
  const { value } = useLoaded(getTopology, 'topology', 'over');
  /** @type {Record<string, string>} */
  const regions = value?.regions ?? {};
  if (!tree) return null;
  const colours = COLOURS.filter(([name]) => name !== 'region' || Object.keys(regions).length > 0);
  return html`
    <figure class="plot way">
      <figcaption><h3>The way of a message</h3>
        <p class="note">Message ${count(number)}, from ${nameOf(tree.publisher)}. A line leads from each sender to a
          receiver of its first copy; later copies are not drawn.${tree.left > 0
          && ` ${plural(tree.left, 'more peer')} received it, and are left out.`}</p>
        <p class="choices">${radios('message', [['median', 'median message'], ['slowest', 'slowest']], chosen, choose)}
          ${' '}coloured by ${radios('by', colours, chosen, choose)}</p></figcaption>
      <${Picture} tree=${tree} by=${chosen.by} regions=${regions} />
      <${Legend} tree=${tree} by=${chosen.by} regions=${regions} />
    </figure>`;
}

/**
 * @param {'message' | 'by'} name
 * @param {[string, string][]} all
 * @param {{ message: string, by: string }} chosen
 * @param {(next: { message: string, by: string }) => void} choose
 */
const radios = (name, all, chosen, choose) => html`<span role="radiogroup"
  aria-label=${name === 'by' ? 'Coloured by' : 'Message'}>${all.map(([value, label]) => html`
    <label><input type="radio" name=${`way-${name}`} value=${value} checked=${chosen[name] === value}
      onChange=${() => choose({ ...chosen, [name]: value })} />${label}</label>`)}</span>`;

/** @param {number} peer */
const nameOf = (peer) => `peer-${String(peer).padStart(2, '0')}`;

/** @param {{ tree: MessageTree, by: string, regions: Record<string, string> }} props */
function Picture({ tree, by, regions }) {
  const { nodes, places, last } = tree;
  const height = Math.min(HIGHEST, 24 + nodes.length * 14);
  const row = (height - 24) / Math.max(1, nodes.length - 1);
  /** @param {TreeNode} node @returns {[number, number]} */
  const at = ({ peer, after }) => [
    LEFT + ((WIDTH - 2 * LEFT) * after) / (last || 1), 12 + row * (places.get(peer) ?? 0)];
  const size = Math.max(1.5, Math.min(4.5, row * 0.45));
  const reached = nodes.filter(({ hops }) => hops > 0);
  const hops = Math.max(0, ...reached.map((node) => node.hops));
  const spoken = `The message of ${nameOf(tree.publisher)} reached ${plural(nodes.length - 1, 'peer')} over at most ${
    plural(hops, 'hop')}, the last after ${duration(last)}`;
  const byPeer = new Map(nodes.map((node) => [node.peer, node]));
  return html`
    <svg viewBox=${`0 0 ${WIDTH} ${height + 18}`} role="img" aria-label=${spoken}>
      <path class="ways" d=${reached.map((node) => {
        const from = byPeer.get(node.via);
        if (!from) return '';
        const [[x1, y1], [x2, y2]] = [at(from), at(node)];
        return `M${x1.toFixed(1)} ${y1.toFixed(1)}C${((x1 + x2) / 2).toFixed(1)} ${y1.toFixed(1)} ${
          x1.toFixed(1)} ${y2.toFixed(1)} ${x2.toFixed(1)} ${y2.toFixed(1)}`;
      }).join('')} />
      ${nodes.map((node) => {
        const [x, y] = at(node);
        const name = nameOf(node.peer);
        return html`<circle key=${node.peer} cx=${x.toFixed(1)} cy=${y.toFixed(1)} r=${size}
          ...${inkOf(node, by, last, regions[name])}><title>${name} after ${duration(node.after)}${
            node.hops >= 0 ? `, ${plural(node.hops, 'hop')}` : ''}${regions[name] ? `, in ${regions[name]}` : ''}</title></circle>`;
      })}
      <text x=${LEFT} y=${height + 14}>published</text>
      <text x=${WIDTH - LEFT} y=${height + 14} text-anchor="end">${duration(last)}</text>
    </svg>`;
}

// How a peer is coloured: attributes of its circle.
/** @param {TreeNode} node @param {string} by @param {number} last @param {string | undefined} region */
function inkOf({ hops, after }, by, last, region) {
  if (by === 'region') return region ? { class: 'kind-of', style: kindColour(region) } : {};
  const part = by === 'time' ? after / (last || 1) : 0;
  if (by === 'time') {
    return { style: `fill: color-mix(in oklab, var(--line-0) ${Math.round(100 * (1 - part))}%, var(--line-1))` };
  }
  return hops < 0 ? {} : { style: `fill: var(--line-${hops % HOPS})` };
}

/** @param {number} hops */
const hopsInWords = (hops) => (hops === 0 ? 'publisher' : plural(hops, 'hop'));

/** @param {{ tree: MessageTree, by: string, regions: Record<string, string> }} props */
function Legend({ tree: { nodes }, by, regions }) {
  if (by === 'time') return html`<p class="note">From the first, in the colour of the publisher, to the last.</p>`;
  /** @type {Map<string, { node: TreeNode, many: number }>} */
  const groups = new Map();
  for (const node of nodes) {
    const way = node.hops < 0 ? 'way not known' : hopsInWords(node.hops);
    const label = by === 'region' ? regions[nameOf(node.peer)] ?? 'unknown' : way;
    const group = groups.get(label) ?? { node, many: 0 };
    groups.set(label, { ...group, many: group.many + 1 });
  }
  const all = [...groups].sort(([a, one], [b, other]) => one.node.hops - other.node.hops || (a < b ? -1 : 1));
  return html`<ul class="plain legend-of-way">${all.map(([label, { node, many }]) => html`
    <li key=${label}><svg viewBox="0 0 10 10" width="10" height="10" aria-hidden="true"><circle cx="5" cy="5" r="5"
      ...${inkOf(node, by, 0, by === 'region' ? label : undefined)} /></svg> ${label}: ${count(many)}</li>`)}</ul>`;
}
