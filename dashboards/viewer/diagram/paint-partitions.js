// Shades the lines of peers while a partition separates them from the others.

import { placeOf } from './paint-downtimes.js';

// How much of a line's height is shaded, and how strongly.
const SHARE = 0.8;
const STRENGTH = 0.13;

// The partitions of a run: `until` is null where one never healed.
/** @param {Partition[]} partitions @returns {{ group: string[], at: number, until: number | null }[]} */
export function separationsOf(partitions) {
  /** @type {{ group: string[], at: number, until: number | null }[]} */
  const all = [];
  for (const { group, at, happened } of [...partitions].sort((one, other) => one.at - other.at)) {
    const open = all.findLast((one) => one.until === null && one.group.join() === group.join());
    if (happened === 'heal' && open) open.until = at;
    else if (happened === 'partition') all.push({ group, at, until: null });
  }
  return all;
}

/** @param {CanvasRenderingContext2D} context @param {Scene} scene @param {Frame} frame */
export function shadePartitions(context, { layout, model, theme, size }, frame) {
  const height = Math.max(2, (frame.toY(1) - frame.toY(0)) * SHARE);
  context.fillStyle = theme.bad;
  context.globalAlpha = STRENGTH;
  for (const { group, at, until } of separationsOf(model.partitions)) {
    for (const name of group) {
      const peer = model.peerOf(name);
      const row = peer < 0 ? -1 : layout.rowOf[peer];
      if (row < frame.firstRow || row >= frame.lastRow) continue;
      const from = frame.toX(placeOf(model, layout, peer, at, false));
      const to = until === null ? size.width : frame.toX(placeOf(model, layout, peer, until, true));
      context.fillRect(from, frame.toY(row) - height / 2, to - from, height);
    }
  }
  context.globalAlpha = 1;
}
