// What the model is kept in (model.js): arrays of numbers that grow.

// Typed arrays that grow together.
export class Columns {
  constructor(shape) {
    this.count = 0;
    this.shape = Object.keys(shape);
    for (const name of this.shape) this[name] = new shape[name](64);
  }

  // Makes room for `more` rows; the first of them is returned.
  grow(more) {
    const begin = this.count;
    this.count += more;
    if (this.count > this[this.shape[0]].length) {
      const room = Math.max(this.count, 2 * this[this.shape[0]].length);
      for (const name of this.shape) this[name] = wider(this[name], room);
    }
    return begin;
  }
}

function wider(array, room) {
  const grown = new array.constructor(room);
  grown.set(array);
  return grown;
}

// The steps of one peer, in order of their number.
export class Line {
  constructor() {
    this.steps = new Int32Array(16);
    this.count = 0;
    this.ranked = 0;
    this.sorted = true;
  }

  push(s, step) {
    if (this.count === this.steps.length) this.steps = wider(this.steps, 2 * this.count);
    if (this.count > 0 && step.number[this.steps[this.count - 1]] > step.number[s]) this.sorted = false;
    this.steps[this.count] = s;
    this.count += 1;
  }

  settle(step) {
    if (!this.sorted) {
      const { number, at } = step;
      this.steps.subarray(0, this.count)
        .sort((a, b) => number[a] - number[b] || at[a] - at[b] || a - b);
      this.ranked = 0;
      this.sorted = true;
    }
    for (; this.ranked < this.count; this.ranked += 1) step.rank[this.steps[this.ranked]] = this.ranked;
  }
}
