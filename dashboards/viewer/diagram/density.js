// Steps too dense for dots: bars of one pixel's width, the higher the more steps there
// are in that column.
//
// There can be a bar for each pixel of each row. They are written into memory
// and put on the canvas at once: as shapes, they took half of each frame.

const made = new WeakMap();

// A picture of its own for each canvas, as large as what it is to cover.
/** @param {CanvasRenderingContext2D} context @param {number} width @param {number} height */
function sheetOf(context, width, height) {
  let sheet = made.get(context);
  if (!sheet || sheet.canvas.width !== width || sheet.canvas.height !== height) {
    const canvas = new OffscreenCanvas(width, height);
    const image = new ImageData(width, height);
    const target = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext('2d'));
    sheet = { canvas, image, target, pixels: new Uint32Array(image.data.buffer) };
    made.set(context, sheet);
  }
  sheet.pixels.fill(0);
  return sheet;
}

// `add(column, y, height, ink)` draws a bar around `y`; `finish()` shows them.
// Places count from `left` and `top`; an ink is what inkOf() makes of a colour.
/** @param {CanvasRenderingContext2D} context @param {{ left: number, top: number } & Size} box */
export function begin(context, { left, top, width, height }) {
  const [wide, high] = [Math.ceil(width), Math.ceil(height)];
  /** @type {ReturnType<typeof sheetOf> | null} */
  let sheet = null;
  return {
    /** @param {number} column @param {number} y @param {number} tall @param {number} ink */
    add(column, y, tall, ink) {
      if (column < 0 || column >= wide) return;
      sheet ??= sheetOf(context, wide, high);
      const first = Math.max(0, Math.round(y - tall / 2));
      const last = Math.min(high, Math.round(y + tall / 2));
      const { pixels } = sheet;
      for (let row = first; row < last; row += 1) pixels[row * wide + column] = ink;
    },
    finish() {
      if (!sheet) return;
      sheet.target.putImageData(sheet.image, 0, 0);
      context.imageSmoothingEnabled = false;
      context.drawImage(sheet.canvas, left, top);
    },
  };
}

const inks = new Map();

// A colour of the style sheet as the four bytes of a pixel.
/** @param {string} colour */
export function inkOf(colour) {
  if (!inks.has(colour)) {
    const dot = /** @type {OffscreenCanvasRenderingContext2D} */ (new OffscreenCanvas(1, 1).getContext('2d'));
    dot.fillStyle = colour;
    dot.fillRect(0, 0, 1, 1);
    inks.set(colour, new Uint32Array(dot.getImageData(0, 0, 1, 1).data.buffer)[0]);
  }
  return inks.get(colour);
}
