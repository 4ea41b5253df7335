// Below the picture: what the colours mean. A kind of message can be switched off.

import { html } from '../vendor/preact-htm.js';
import { faultTimes, isOutage } from '../fault-times.js';
import { count, plural } from '../format.js';
import { outagesOf } from '../outages.js';
import { kindColour } from '../palette.js';
import { isTooMany } from './use-flows.js';

/** @param {{ diagram: Diagram, marks: Marks, seen: { all: number, part: number }, whole: boolean }} props */
export function Legend({ diagram, marks, seen, whole }) {
  const { model, layout, settings, set, cut, pending, viewport } = diagram;
  const { separations, outages, hindrances } = faultTimes(model);
  const known = outagesOf(model);
  return html`
    <div class="legend" aria-label="Legend">
      ${marks.cone ? html`
          <${Mark} look="self">selected step</>
          <${Mark} look="past">its causal past</>
          <${Mark} look="future">its future</>
          <${Mark} look="apart">concurrent</>`
        : html`<${Mark} look="dot">step</><${Mark} look="local">local step</>`}
      ${model.outputs.size > 0 && html`<${Mark} look="output">output</>`}
      ${layout.timed && html`<${Mark} look="timer">timer</>`}
      ${cut.points && html`<${Mark} look="cut">the cut</><${Mark} look="flight">in flight in it</>`}
      ${marks.orphans > 0 && html`<${Mark} look="orphan">against the cut</>`}
      ${marks.found && html`<${Mark} look="found">found</>`}
      ${marks.wrong.size > 0 && html`<${Mark} look="wrong">named by a violation</>`}
      ${model.crashes.length > 0 && html`<${Mark} look="down">down after a crash</>`}
      ${separations.some((one) => !one.isLink && !isOutage(one)) && html`<${Mark} look="parted">behind a partition</>`}
      ${outages.length > 0 && html`<${Mark} look="out">link out</>`}
      ${known.some(({ noticed }) => noticed.length) && html`<${Mark} look="flows">traffic flows again${
        isTooMany(model, layout, viewport.view) && ': zoom in, too many are in sight'}</>`}
      ${known.some(({ isUsed, hasLinks }) => hasLinks && !isUsed) && html`<${Mark} look="unused">out, not used</>`}
      ${separations.some(({ isLink }) => isLink) && html`<${Mark} look="severed">link cut</>`}
      ${hindrances.some(({ kind }) => kind === 'pause') && html`<${Mark} look="paused">paused</>`}
      ${hindrances.some(({ kind }) => kind === 'slow') && html`<${Mark} look="slow">slow</>`}
      ${model.links.length > 0 && html`<${Mark} look="relinked">other links</>`}
      ${(layout.lost || (layout.broken && !pending)) && html`<${Mark} look="cross">never arrived</>`}
      ${layout.kinds.map((kind) => html`<${Kind} key=${kind} name=${model.kinds[kind]} kind=${kind}
        settings=${settings} set=${set} />`)}
      <span class="note seen" role="status">
        ${!whole && `reading on: ${count(model.next)} of ${plural(model.next + model.left, 'span')} … `}
        ${seen.part > 1 && `1 of ${seen.part} messages drawn (${count(seen.all)} in sight): zoom in to see each`}</span>
    </div>`;
}

/** @param {{ look: string, children?: any }} props */
const Mark = ({ look, children }) => html`<span class="mark-of"><i class=${`look ${look}`}></i>${children}</span>`;

/** @param {{ name: string, kind: number, settings: Settings, set: SetSettings }} props */
function Kind({ name, kind, settings, set }) {
  const { silent } = settings;
  const toggle = () => {
    const next = new Set(silent);
    if (!next.delete(kind)) next.add(kind);
    set({ silent: next });
  };
  return html`
    <label class="check kind kind-of" style=${kindColour(name)} title="Draw messages of this kind">
      <input type="checkbox" checked=${!silent.has(kind)} onChange=${toggle} />
      <i class="look line"></i>${name}</label>`;
}
