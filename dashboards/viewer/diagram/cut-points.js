// Where the cut meets each peer, in numbers: the way to move it without a mouse.

import { html } from '../vendor/preact-htm.js';
import { Peer } from '../peer-name.js';

// So many lines of numbers are still a list.
const MOST = 300;

/** @param {{ model: Model, points: CutPoints, drag: Cut['drag'] }} props */
export function CutPointList({ model, points, drag }) {
  /** @param {number} peer @param {string} value */
  const move = (peer, value) => {
    const next = points.slice();
    next[peer] = Math.min(model.line(peer).length, Math.max(0, Math.round(Number(value)) || 0));
    drag(next);
  };
  return html`
    <details class="all"><summary>Where it meets each peer</summary>
      <p class="note">So many steps of the peer lie before the cut. Or drag the handles in the picture.</p>
      <ul class="plain points">${model.inOrder.slice(0, MOST).map((peer) => html`
        <li key=${peer}><label><${Peer} name=${model.peers[peer]} />
          <input type="number" min="0" max=${model.line(peer).length} value=${Math.max(0, points[peer])}
            onChange=${(e) => move(peer, e.currentTarget.value)} /> of ${model.line(peer).length}</label></li>`)}</ul>
    </details>`;
}
