// Contrast ratio of two colours (WCAG 2): from 1, none, to 21. Colours are lists of
// red, green and blue, 0 to 255.

// WCAG 2 asks for 3 to 1 of graphics; an eighth more allows for tints below.
export const LEAST = 3 * 1.125;

/** @param {number} byte */
const linear = (byte) => {
  const part = byte / 255;
  return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
};

/** @param {Bytes} colour */
const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);

/** @param {Bytes} a @param {Bytes} b */
export function contrast(a, b) {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

/** @param {Bytes} ink @param {Bytes} back @param {number} alpha */
const over = (ink, back, alpha) => [0, 1, 2].map((i) => ink[i] * alpha + back[i] * (1 - alpha));

// The least opacity at which an ink has this contrast on a background; 1 if even that
// is not enough.
/** @param {Bytes} ink @param {Bytes} back @param {number} [least] */
export function leastAlpha(ink, back, least = LEAST) {
  let [low, high] = [0, 1];
  for (let i = 0; i < 12; i += 1) {
    const middle = (low + high) / 2;
    if (contrast(over(ink, back, middle), back) < least) low = middle; else high = middle;
  }
  return high;
}
