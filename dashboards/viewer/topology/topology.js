// The peers and their connections, and the messages that move along them while
// the run goes on or while its time is played.

import { html, useEffect, useMemo, useRef } from '../vendor/preact-htm.js';
import { getTopology, useLoaded } from '../api.js';
import { replace, toTopology } from '../router.js';
import { pending } from '../diagram/completeness.js';
import { messageName, messageOf } from '../diagram/settings.js';
import { plural } from '../format.js';
import { Graph } from './graph.js';
import { Matrix } from './matrix.js';
import { Message } from './message-details.js';
import { PeerTable } from './peer-table.js';
import { Controls } from './player-controls.js';
import { Player } from './player.js';
import { useBroken } from './faults.js';
import { momentsOf } from './moments.js';
import { degreesInWords, networkOf, waysInWords } from './network.js';
import { componentsInWords } from './overlay-words.js';
import { useOverlay } from './use-overlay.js';

// Beyond this many peers lines hide each other.
const MOST_DRAWN = 60;
/** @type {never[]} */
const NOTHING = [];
/** @type {Record<string, string>} */
const NOWHERE = {};

/** @param {{ route: Route, event: ServerEvent | null, run: Run | null, loaded: LoadedModel }} props */
export function Topology({ route, event, run, loaded: { model, revision, whole } }) {
  const { value, error } = useLoaded(getTopology, 'topology', event?.live ? event.revision : 'over', 2000);
  const { edges, ways = NOTHING, faults = NOTHING, regions = NOWHERE } = value ?? {};
  const connected = useMemo(() => networkOf(edges ?? NOTHING, model, regions, ways),
    [edges, model, model?.peers.length, regions, ways]);
  const { params } = route;
  const named = Object.fromEntries(params);
  /** @param {ViewParameters} change */
  const set = (change) => replace(toTopology({ ...named, ...change }));
  const axis = params.get('axis') === 'time' ? 'time' : 'steps';
  const moments = useMemo(() => (model ? momentsOf(model, axis) : null), [model, revision, axis]);
  const player = usePlayer(moments, event?.live ?? false, params.get('at'));
  const faulty = useBroken(faults, connected, model, moments, player);
  const { network, broken } = useOverlay(connected, model, revision, moments, player, faulty);
  const view = named.view ?? (network.peers.length > MOST_DRAWN ? 'matrix' : 'graph');
  const selected = network.place.get(named.peer) ?? -1;
  const message = model ? messageOf(model, named.message) : -1;
  /** @param {number} peer */
  const select = (peer) =>
    set({ peer: peer < 0 || peer === selected ? '' : network.peers[peer], message: '' });
  /** @param {number} m */
  const selectMessage = (m) => set({ message: model && m >= 0 ? messageName(model, m) : '' });

  if (!network.peers.length) {
    return html`<p class="empty" role="status">${noEdges(error, edges, event?.live)}</p>`;
  }
  const replay = { network, broken, model, moments, player };
  const selection = { peer: selected, message, select, selectMessage };
  return html`
    <section class="topology" aria-label="Topology">
      <div class="bar">
        <${Choice} view=${view} set=${set} />
        <span class="note" role="status">${plural(network.peers.length, 'peer')}${edges && `, ${
          connections(network)}, ${degreesInWords(network)}`}${brokenInWords(broken)}${
            network.overlay && html`; <${Components} overlay=${network.overlay} />`}</span>
        ${error && html`<b class="bad" role="alert">The connections cannot be read: ${error}</b>`}
      </div>
      <${Unfound} peer=${selected < 0 && edges && whole ? named.peer : ''}
        message=${message < 0 && whole ? named.message : ''}
        live=${event?.live} />
      <div class="split">
        <div class="stage">
          ${view === 'matrix' ? html`<${Matrix} replay=${replay} selection=${selection} />`
            : html`<${Graph} replay=${replay} selection=${selection} shape=${run?.topology} />`}
          ${model && model.step.count === 0 && html`<p class="player note">${event?.live ? 'No peer has taken a step yet.'
            : 'No process of this run took steps, so there is nothing to play.'}</p>`}
          ${model && moments && model.step.count > 0 && html`<${Controls} player=${player} moments=${moments} axis=${axis}
            set=${set} />`}
        </div>
        <aside class="beside" aria-label="Peers">
          ${model && message >= 0 && html`<${Message} model=${model} message=${message}
            pending=${pending(model, run, event, whole)}
            close=${() => selectMessage(-1)} />`}
          <${PeerTable} replay=${replay} selection=${selection} />
        </aside>
      </div>
    </section>`;
}

// Names in the address that this run does not have.
/** @param {{ peer?: string, message?: string, live?: boolean }} props */
function Unfound({ peer, message, live }) {
  const named = [peer && `peer ${peer}`, message && `message ${message}`].filter(Boolean);
  return named.length > 0 && html`<p class="banner" role="alert">This run has ${
    live ? 'as yet ' : ''}no ${named.join(' and no ')}, which the address names.</p>`;
}

/** @param {Network} network */
function connections(network) {
  if (network.overlay) return `${plural(network.edges.length, 'link')} between them`;
  const ways = waysInWords(network);
  return `${plural(network.edges.length, 'connection')}${ways && ` (${ways})`}`;
}

/** @param {{ overlay: Overlay }} props */
function Components({ overlay }) {
  const words = componentsInWords(overlay);
  return overlay.sizes.length > 1 ? html`<b>${words}</b>` : words;
}

/** @param {Broken} broken */
function brokenInWords({ cut, dead }) {
  return `${cut.size ? `, ${plural(cut.size, 'link')} cut` : ''}${dead.size ? `, ${plural(dead.size, 'peer')} killed` : ''}`;
}

// One player for as long as the view is there.
/** @param {Moments | null} moments @param {boolean} live @param {string | null} at */
function usePlayer(moments, live, at) {
  const player = useRef(null);
  player.current ??= new Player();
  const axis = useRef(null);
  useEffect(() => {
    if (!moments) return;
    const changed = axis.current && axis.current !== moments.axis;
    // The same moment on another axis: as far along it.
    const { begin, end } = player.current;
    const part = (player.current.at - begin) / (end - begin || 1);
    if (changed) player.current.at = moments.begin + part * (moments.end - moments.begin);
    player.current.span(moments.begin, moments.end, live);
    if (!axis.current && at) player.current.seek(Number(at));
    axis.current = moments.axis;
  }, [moments, live]);
  useEffect(() => () => player.current.stop(), []);
  return player.current;
}

/** @param {{ view: string, set: (change: ViewParameters) => void }} props */
function Choice({ view, set }) {
  /** @param {string} name @param {string} label */
  const one = (name, label) => html`
    <label><input type="radio" name="view" value=${name} checked=${view === name}
      onChange=${() => set({ view: name })} />${label}</label>`;
  return html`<span role="radiogroup" aria-label="Drawn as">${one('graph', 'Graph')}${one('matrix', 'Matrix')}</span>`;
}

/**
 * @param {string | null} error
 * @param {[string, string][] | undefined} edges
 * @param {boolean | undefined} live
 */
function noEdges(error, edges, live) {
  if (error) return `The connections cannot be read: ${error}.`;
  if (!edges) return 'Reading the connections …';
  return live ? 'There are no connections yet.' : 'No connections were recorded.';
}
