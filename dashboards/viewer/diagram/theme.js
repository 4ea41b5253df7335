// The style sheet's colours, as a canvas wants them.
//
// A canvas knows neither custom properties nor light-dark(), so each colour is set on
// an element and its computed value is read.

import { colour, kindColour } from '../palette.js';

const NAMES = ['back', 'panel', 'line', 'text', 'soft', 'link', 'bad', 'rail', 'dot',
  'cut', 'flight', 'past', 'future', 'apart', 'orphan', 'before', 'stripe'];

// How many colours there are for the lines of a plot.
const LINES = 8;

/**
 * The colours by their names, and those of a plot's lines, of peers and of kinds.
 * @typedef {Record<string, any> & {
 *   lines: string[], font: string, peer: (name: string) => string, kind: (name: string) => string,
 * }} Theme
 */

/** @param {HTMLElement} element @returns {Theme} */
export function readTheme(element) {
  const probe = document.createElement('i');
  probe.hidden = true;
  element.append(probe);
  /** @param {string} name */
  const resolved = (name) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const colours = Object.fromEntries(
    NAMES.map((name) => [name.replace(/-./, ([, c]) => c.toUpperCase()), resolved(name)]));
  const lines = Array.from({ length: LINES }, (_, i) => resolved(`line-${i}`));
  const font = getComputedStyle(element).fontFamily;
  probe.remove();
  return /** @type {Theme} */ ({
    ...colours, lines, font,
    peer: inkOfNames(element, 'peer', colour), kind: inkOfNames(element, 'kind-of', kindColour),
  });
}

// The colour of a peer or a kind is that of the swatch beside its name: the background
// of the `i` in an element of that class.
/**
 * @param {HTMLElement} element
 * @param {string} className
 * @param {(name: string) => Record<string, string>} colourOf
 */
function inkOfNames(element, className, colourOf) {
  /** @type {Map<string, string>} */
  const known = new Map();
  return (/** @type {string} */ name) => {
    if (!known.has(name)) {
      const named = document.createElement('span');
      named.className = className;
      for (const [property, value] of Object.entries(colourOf(name))) {
        named.style.setProperty(property, value);
      }
      const swatch = document.createElement('i');
      named.append(swatch);
      element.append(named);
      known.set(name, getComputedStyle(swatch).backgroundColor);
      named.remove();
    }
    return known.get(name);
  };
}

// The colours that a style resolves to can be in any notation; a canvas turns
// them into bytes.
const bytes = new Map();

/** @param {string} colour */
export function rgb(colour) {
  if (!bytes.has(colour)) {
    const context = /** @type {OffscreenCanvasRenderingContext2D} */ (
      new OffscreenCanvas(1, 1).getContext('2d'));
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    bytes.set(colour, context.getImageData(0, 0, 1, 1).data);
  }
  return bytes.get(colour);
}
