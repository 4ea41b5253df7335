// Finds what the space-time diagram has drawn, by its colour: a canvas has no
// elements to ask for.

import { drawn } from './page.mjs';

// The centre of the first square of `size` pixels in one colour of the style sheet. Waits
// until it is there and no longer moves: the elements around the canvas can still change
// its size. With `y`, only that line of the canvas is searched.
export async function find(page, colour, { size, y }) {
  for (let last = null; ;) {
    const found = await look(page, colour, size, y);
    if (last && last.x === found.x && last.y === found.y) return found;
    last = found;
    await drawn(page);
  }
}

async function look(page, colour, size, y) {
  const found = await page.waitForFunction((name, wide, only) => {
    const canvas = document.querySelector('.canvas-box canvas');
    const probe = document.createElement('i');
    probe.style.color = `var(${name})`;
    canvas.parentElement.append(probe);
    const ink = getComputedStyle(probe).color.match(/\d+/g).map(Number);
    probe.remove();
    const { data, width, height } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const is = (x, line) => [0, 1, 2].every((i) => Math.abs(data[(line * width + x) * 4 + i] - ink[i]) < 8);
    const all = (x, line) => {
      for (let i = 0; i < wide * wide; i += 1) {
        if (!is(x + (i % wide), line + Math.floor(i / wide))) return false;
      }
      return true;
    };
    const box = canvas.getBoundingClientRect();
    const [from, to] = only === undefined ? [0, height - wide] : [only, only + 1];
    for (let line = from; line < to; line += 1) {
      for (let x = 0; x <= width - wide; x += 1) {
        if (all(x, line)) return { x: box.x + x + wide / 2, y: box.y + line + wide / 2 };
      }
    }
    return null;
  }, {}, colour, size, y);
  return found.jsonValue();
}

// The line of the cut, which begins just below the head, above the first row.
export const cutLine = (page) => find(page, '--cut', { size: 1, y: 32 });

// A step without a highlight.
export const plainStep = (page) => find(page, '--dot', { size: 5 });
