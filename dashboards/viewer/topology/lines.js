// The connections of the graph as lines, and what lines and colours mean.

import { html, useMemo } from '../vendor/preact-htm.js';
import { colour, kindColour } from '../palette.js';
import { linkOf } from './faults.js';
import { WAYS } from './network.js';
import { OverlayLegend } from './overlay-lines.js';
import { partsInWords } from './overlay-words.js';

/** @type {Record<Way, string>} */
const MEANINGS = {
  direct: 'direct: dialled',
  reversed: 'reversed: the other peer dialled back',
  punched: 'punched: both dialled through their NATs',
  relayed: 'relayed: over the hub',
};

// The colours of the messages and of the regions, the ways of connections, and the faults.
/** @param {{ model: Model | null, moments: Moments | null, broken: Broken, network: Network }} props */
export function Legend({ model, moments, broken: { cut, dead }, network }) {
  const kinds = useMemo(() =>
    (model && moments ? [...new Set(model.message.kind.subarray(0, model.message.count))] : []), [moments]);
  const { overlay } = network;
  const parts = overlay ? partsInWords(network.peers, overlay) : [];
  const places = parts.length ? [] : [...new Set(Object.values(network.regions))].sort();
  const known = new Set(network.ways.values());
  const ways = WAYS.filter((way) => known.has(way));
  if (!kinds.length && !cut.size && !dead.size && !places.length && !ways.length && !overlay) return null;
  const names = kinds.map((kind) => model?.kinds[kind] ?? '');
  return html`<ul class="kinds" aria-label="Legend">${names.map((name) => html`
    <li key=${name} class="kind-of" style=${kindColour(name)}><i></i>${name}</li>`)}
    ${places.map((name) => html`<li key=${`region ${name}`} class="kind-of" style=${kindColour(name)}><i
      class="region"></i>${name}</li>`)}
    ${parts.map((text, i) => html`<li key=${`part ${i}`} class="part" style=${colour(String(i))}><i
      class="region"></i>${text}</li>`)}
    ${overlay && html`<${OverlayLegend} />`}
    ${ways.map((way) => html`<li key=${`way ${way}`}><svg class="way" width="28" height="6" aria-hidden="true"><path
      class=${`edges way ${way}`} d="M0 3H28" /></svg>${MEANINGS[way]}</li>`)}
    ${cut.size > 0 && html`<li><i class="cut"></i>link that is cut</li>`}
    ${dead.size > 0 && html`<li><i class="dead"></i>peer that was killed</li>`}</ul>`;
}

/** @param {{ network: Network, broken: Broken, places: Point[], selected: number }} props */
export function Lines({ network: { peers, edges, ways }, broken: { cut, dead }, places, selected }) {
  /** @param {Point[]} edges */
  const path = (edges) => edges.map(([a, b]) => `M${places[a]}L${places[b]}`).join('');
  /** @param {Point} edge */
  const isCut = ([a, b]) => cut.has(linkOf(a, b));
  /** @param {Point} edge */
  const isGone = ([a, b]) => dead.has(a) || dead.has(b);
  const whole = edges.filter((edge) => !isCut(edge) && !isGone(edge));
  const plain = whole.filter(([a, b]) => !ways.has(linkOf(a, b)));
  const mine = plain.filter(([a, b]) => a === selected || b === selected);
  return html`
    <path class="edges gone" d=${path(edges.filter(isGone))} />
    <path class=${`edges ${selected >= 0 ? 'dim' : ''} ${edges.length > 300 ? 'many' : ''}`} d=${path(plain)} />
    ${mine.length > 0 && html`<path class="edges chosen" d=${path(mine)} />`}
    ${whole.filter(([a, b]) => ways.has(linkOf(a, b))).map(([a, b]) => {
      const way = ways.get(linkOf(a, b)) ?? 'direct';
      const isDim = selected >= 0 && a !== selected && b !== selected;
      return html`<path key=${`way ${linkOf(a, b)}`} class=${`edges way ${way} ${isDim ? 'dim' : ''}`}
        d=${path([[a, b]])}><title>${peers[a]} – ${peers[b]}: ${MEANINGS[way]}</title></path>`;
    })}
    ${edges.filter((edge) => isCut(edge) && !isGone(edge)).map(([a, b]) => html`
      <path key=${linkOf(a, b)} class="edges cut"
        d=${path([[a, b]])}><title>${peers[a]} – ${peers[b]}: the link is cut</title></path>`)}`;
}
