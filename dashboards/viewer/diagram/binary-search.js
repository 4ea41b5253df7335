// Search among values that rise.

// The first index of `length` whose value is at least `value`.
/** @param {number} length @param {(index: number) => number} valueAt @param {number} value */
export function lowerBound(length, valueAt, value) {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (valueAt(middle) < value) low = middle + 1; else high = middle;
  }
  return low;
}
