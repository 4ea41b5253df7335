// One colour a peer, the same in every trace, every run and after a reload.
//
// Peers are numbered by their names (`peer-07`), and the golden angle puts any
// few neighbours far apart on the colour wheel. Lightness and saturation are
// the style sheet's, which knows light from dark. With many peers colours come
// near each other, so every colour has a name beside it.

const GOLDEN_ANGLE = 137.508;
const FIRST_HUE = 250;

/** @param {string} service */
export function colour(service) {
  const number = Number(/(\d+)$/.exec(service)?.[1] ?? hash(service));
  const hue = (FIRST_HUE + number * GOLDEN_ANGLE) % 360;
  return { '--hue': hue.toFixed(1) };
}

// One colour for a kind of message, the same in all views and runs. It comes
// from the name alone, so that the kinds of any algorithm have one. Of the seeds
// below three million, this one puts the kinds that come together in the lessons
// farthest apart: 63 degrees at least.
const KINDS_SEED = 2969134;

/** @param {string} kind */
export function kindColour(kind) {
  let mixed = KINDS_SEED;
  for (const letter of kind) mixed = Math.imul(mixed ^ Number(letter.codePointAt(0)), 0x01000193) >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b) >>> 0;
  return { '--hue': String(((mixed ^ (mixed >>> 13)) >>> 0) % 360) };
}

/** @param {string} text */
function hash(text) {
  let sum = 7;
  for (const letter of text) sum = (sum * 31 + Number(letter.codePointAt(0))) % 65521;
  return sum;
}
