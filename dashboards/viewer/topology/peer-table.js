// The peers as a table: degree, and what each has done until the moment that
// is shown. It is the topology as text.

import { html, useEffect, useRef, useState } from '../vendor/preact-htm.js';
import { count } from '../format.js';
import { Peer } from '../peer-name.js';
import { toDiagram } from '../router.js';
import { useWindow } from '../scroll-window.js';
import { linkOf } from './faults.js';
import { until } from './moments.js';
import { aboutLink, partColour } from './overlay-words.js';

const ROW = 28;
const HEAD = 30;
// Numbers that change faster than this (ms) cannot be read.
const PACE = 200;

/** @param {{ replay: Replay, selection: Selection }} props */
export function PeerTable({ replay: { network, broken, model, moments, player }, selection }) {
  const { peer: selected, select } = selection;
  const tally = useTally(model, moments, player);
  const box = useRef(null);
  const { first, last } = useWindow(box, network.peers.length, ROW, HEAD);
  /** @param {number} place */
  const known = (place) => (tally ? network.placeOf.indexOf(place) : -1);
  const heads = ['Peer', 'Degree', 'Steps', 'Sent', 'Received'];
  return html`
    ${selected >= 0 && html`<${Chosen} network=${network} broken=${broken} model=${model} place=${selected}
      step=${tally?.last[known(selected)] ?? -1} select=${select} />`}
    <div class="table" ref=${box} tabIndex="0" role="table" aria-label="Peers"
      aria-rowcount=${network.peers.length + 1}>
      <div class="line head" role="row">${heads.map((name) => html`<span role="columnheader">${name}</span>`)}</div>
      <div class="rows" role="rowgroup" style=${{ height: `${network.peers.length * ROW}px` }}>
        ${network.peers.slice(first, last).map((name, i) => {
          const place = first + i;
          const peer = known(place);
          /** @param {ArrayLike<number> | undefined} numbers */
          const cell = (numbers) => html`<span role="cell">${peer < 0 || !numbers ? '–' : count(numbers[peer])}</span>`;
          return html`
            <div key=${name} role="row" aria-rowindex=${place + 2}
              class=${`row line ${place === selected ? 'selected' : ''} ${broken.dead.has(place) ? 'dead' : ''}`}
              style=${{ transform: `translateY(${place * ROW}px)` }} onClick=${() => select(place)}>
              <span role="cell"><button type="button" aria-pressed=${place === selected}
                onClick=${(event) => { event.stopPropagation(); select(place); }}><${Peer} name=${name}
                  style=${partColour(network.overlay, place)} />${
                  broken.dead.has(place) && html`<span class="unseen">, killed</span>`}</button></span>
              <span role="cell">${network.neighbours[place].size}</span>
              ${cell(tally?.steps)}${cell(tally?.sent)}${cell(tally?.received)}
            </div>`;
        })}
      </div>
    </div>`;
}

/**
 * @param {{
 *   network: Network, broken: Broken, model: Model | null, place: number, step: number,
 *   select: (peer: number) => void,
 * }} props
 */
function Chosen({ network, broken: { cut, dead }, model, place, step, select }) {
  const neighbours = [...network.neighbours[place]].sort((a, b) => a - b);
  /** @param {number} i */
  const marksOf = (i) => {
    const link = linkOf(i, place);
    return [network.ways.get(link), ...aboutLink(network, link), cut.has(link) && 'cut']
      .filter(Boolean).join(', ');
  };
  /** @param {number} i */
  const named = (i) => `${network.peers[i]}${marksOf(i) && ` (${marksOf(i)})`}`;
  return html`
    <div class="message">
      <div class="title"><h3><${Peer} name=${network.peers[place]} style=${partColour(network.overlay, place)} /></h3>
        <button type="button" aria-label="Close" onClick=${() => select(-1)}>✕</button></div>
      ${dead.has(place) && html`<p class="bad">It was killed.</p>`}
      ${network.overlay && neighbours.length ? html`<ul class="neighbours" tabIndex="0" aria-label="Neighbours">${
        neighbours.map((i) => html`<li key=${i}><${Peer} name=${network.peers[i]}
          style=${partColour(network.overlay, i)} />: ${marksOf(i)}</li>`)}</ul>`
        : html`<p class="neighbours" tabIndex="0" role="group" aria-label="Neighbours">${
          neighbours.length ? `connected with ${neighbours.map(named).join(', ')}` : 'not connected'}</p>`}
      ${model && step >= 0 && html`<p>last step: ${model.kinds[model.step.kind[step]]}${' · '}
        <a href=${toDiagram({ step: model.spans[step] })}>in the diagram</a></p>`}
    </div>`;
}

/** @param {Model | null} model @param {Moments | null} moments @param {Player} player */
function useTally(model, moments, player) {
  const [tally, setTally] = useState(/** @type {ReturnType<typeof until> | null} */ (null));
  useEffect(() => {
    if (!model || !moments) return undefined;
    let timer = 0;
    const count = () => {
      timer = 0;
      setTally(until(model, moments, player.at));
    };
    count();
    const stop = player.watch(() => { timer ||= setTimeout(count, PACE); });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [model, moments, player]);
  return tally;
}
