// What the model is kept in (model.js): arrays of numbers that grow.

/** @typedef {Int32Array | Uint32Array | Uint8Array | Float64Array} NumberArray */

/**
 * @typedef {Int32ArrayConstructor | Uint32ArrayConstructor | Uint8ArrayConstructor
 *   | Float64ArrayConstructor} NumberArrayType
 */

/**
 * Typed arrays that grow together, by their names.
 * @template {Record<string, NumberArrayType>} Shape
 * @param {Shape} shape
 */
export const columnsOf = (shape) => (
  /** @type {Columns & { [Name in keyof Shape]: InstanceType<Shape[Name]> }} */ (new Columns(shape)));

class Columns {
  /** @param {Record<string, NumberArrayType>} shape */
  constructor(shape) {
    this.count = 0;
    this.shape = Object.keys(shape);
    Object.assign(this, Object.fromEntries(this.shape.map((name) => [name, new shape[name](64)])));
  }

  // Makes room for `more` rows; the first of them is returned.
  /** @param {number} more */
  grow(more) {
    const arrays = /** @type {Record<string, any>} */ (this);
    const begin = this.count;
    this.count += more;
    const { length } = arrays[this.shape[0]];
    if (this.count > length) {
      const room = Math.max(this.count, 2 * length);
      for (const name of this.shape) arrays[name] = wider(arrays[name], room);
    }
    return begin;
  }
}

/**
 * @template {NumberArray} A
 * @param {A} array
 * @param {number} room
 */
function wider(array, room) {
  const grown = new /** @type {new (length: number) => A} */ (array.constructor)(room);
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

  /** @param {number} s @param {{ number: Float64Array }} step */
  push(s, step) {
    if (this.count === this.steps.length) this.steps = wider(this.steps, 2 * this.count);
    if (this.count > 0 && step.number[this.steps[this.count - 1]] > step.number[s]) this.sorted = false;
    this.steps[this.count] = s;
    this.count += 1;
  }

  /** @param {{ number: Float64Array, at: Float64Array, rank: Int32Array }} step */
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
