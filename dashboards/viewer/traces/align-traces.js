// Two traces, laid on each other: a span of one stands beside the span of the
// other that has the same place in the tree, by peers' and operations' names.

const nameOf = ({ service, name }) => JSON.stringify([service, name]);

// The lines of the comparison in tree order: `{ a, b, depth }`, where `a` or
// `b` is null for a span that the other trace does not have. Among children
// with the same name the first belongs to the first, and so on.
export function align(first, second) {
  const [below, beside] = [childrenOf(first), childrenOf(second)];
  const lines = [];
  const todo = pairs(below(-1), beside(-1)).map((pair) => ({ ...pair, depth: 0 })).toReversed();
  while (todo.length) {
    const line = todo.pop();
    lines.push(line);
    const next = pairs(line.a ? below(line.a.index) : [], line.b ? beside(line.b.index) : []);
    for (const pair of next.toReversed()) todo.push({ ...pair, depth: line.depth + 1 });
  }
  return lines;
}

function childrenOf({ spans }) {
  const children = new Map();
  for (const span of spans) {
    if (children.has(span.parent)) children.get(span.parent).push(span);
    else children.set(span.parent, [span]);
  }
  return (index) => children.get(index) ?? [];
}

function pairs(ours, theirs) {
  const waiting = new Map();
  for (const b of theirs) {
    const name = nameOf(b);
    if (waiting.has(name)) waiting.get(name).push(b);
    else waiting.set(name, [b]);
  }
  const found = ours.map((a) => ({ a, b: waiting.get(nameOf(a))?.shift() ?? null }));
  const left = [...waiting.values()].flat().map((b) => ({ a: null, b }));
  const start = ({ a, b }) => (a ?? b).start;
  return left.length ? [...found, ...left].toSorted((x, y) => start(x) - start(y)) : found;
}
