// The critical path of a trace: the chain of spans that determines when the
// trace ends. Make any piece of it shorter, and the trace ends earlier.
//
// It is found as Jaeger finds it, from the end backwards: what a span waited
// for is the child that ended last before that; then it goes on with the
// child that had ended last before this one began. Jaeger knows calls, whose
// spans lie inside their caller's. Here most children are messages: their
// step begins when that of the sender is over. So a span counts as ended when
// all its descendants have ended, and the time between a step and the child that
// handles its message is a piece of the path too, the `way` of the message.

// `spans` as otlp.js gives them, in tree order. Returns the pieces from the
// first to the last: `{ span, from, to, way }`, a span's index and times in
// ns. A piece that is a `way` leads to that span, from the end of its parent.
/** @param {Span[]} spans */
export function criticalPath(spans) {
  const reach = reaches(spans);
  const children = childrenOf(spans);
  const last = spans.reduce((best, { parent, index }) => (
    parent < 0 && (best < 0 || reach[index] > reach[best]) ? index : best), -1);
  if (last < 0) return [];
  /** @type {Piece[]} */
  const pieces = [];
  const todo = [enter(last, reach[last])];
  while (todo.length) {
    const at = todo[todo.length - 1];
    const child = next(at);
    if (child === undefined) {
      piece(at.span, spans[at.span].start, Math.min(at.until, endOf(spans[at.span])));
      todo.pop();
      continue;
    }
    const { start } = spans[child];
    const end = endOf(spans[at.span]);
    piece(at.span, reach[child], Math.min(at.until, end));
    if (start > end) pieces.push({ span: child, from: end, to: start, way: true });
    todo.push(enter(child, Math.min(at.until, reach[child])));
    at.until = Math.min(start, end);
  }
  return inTime(pieces);

  /** @param {number} span @param {number} until */
  function enter(span, until) {
    const byReach = children[span].toSorted((a, b) => reach[b] - reach[a] || b - a);
    return { span, until, byReach, place: 0 };
  }

  // Each child is looked at once: what is left after it ends no later.
  /** @param {ReturnType<typeof enter>} at */
  function next(at) {
    while (at.place < at.byReach.length) {
      const child = at.byReach[at.place];
      at.place += 1;
      if (reach[child] <= at.until) return child;
    }
    return undefined;
  }

  /** @param {number} span @param {number} from @param {number} to */
  function piece(span, from, to) {
    const began = Math.max(from, spans[span].start);
    if (to > began) pieces.push({ span, from: began, to, way: false });
    // A step of the simulator takes no time, and is on the path all the same.
    else if (from <= spans[span].start) {
      pieces.push({ span, from: spans[span].start, to: spans[span].start, way: false });
    }
  }
}

/** @param {Span} span */
const endOf = ({ start, duration }) => start + duration;

// When the last descendant of each span ended. A span stands before its children, so the
// list is read backwards.
/** @param {Span[]} spans */
function reaches(spans) {
  const reach = spans.map(endOf);
  for (let i = spans.length - 1; i > 0; i -= 1) {
    const { parent } = spans[i];
    if (parent >= 0) reach[parent] = Math.max(reach[parent], reach[i]);
  }
  return reach;
}

/** @param {Span[]} spans */
function childrenOf(spans) {
  const children = spans.map(() => /** @type {number[]} */ ([]));
  for (const { parent, index } of spans) if (parent >= 0) children[parent].push(index);
  return children;
}

// They were found from the last to the first.
/** @param {Piece[]} pieces */
function inTime(pieces) {
  return pieces.toReversed().toSorted((a, b) => a.from - b.from || a.to - b.to);
}
