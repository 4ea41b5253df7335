// Wheel, drag and pinch on the canvas.
//
//   listen(element, { frame, zoom, pan, taller, grab, drag, press, hover }) → stop()
//     frame() → the frame that is drawn         zoom(factor, at), pan(by, down), taller(factor)
//     grab(x, y, pointer) → what is to be dragged instead of the picture, or null
//     drag(what, x, event)                      press(x, y, event): a click or tap
//     hover({ x, y }, pointer), hover(null)

// A pointer that moved less than this has pressed, and not dragged.
const STILL = 4;

// A wheel's notch is 100 or 120 pixels; this makes it a quarter closer.
const WHEEL = 0.0022;

// How many pixels a unit of each `deltaMode` is: a pixel, a line, a page.
const PIXELS = [1, 33, 800];

/** @param {HTMLElement} element @param {Gestures} on */
export function listen(element, on) {
  /** @type {Map<number, { x: number, y: number, apart: number }>} */
  const pointers = new Map();
  /** @type {Dragged | null} */
  let held = null;
  let moved = false;
  let last = { x: 0, y: 0, apart: 0 };

  /** @param {MouseEvent} event */
  const place = (event) => {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top, apart: 0 };
  };
  const spread = () => {
    const [a, b] = [...pointers.values()];
    return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, apart: Math.hypot(a.x - b.x, a.y - b.y) };
  };

  /** @param {PointerEvent} event */
  const down = (event) => {
    if (event.button > 0) return;
    const at = place(event);
    pointers.set(event.pointerId, at);
    element.setPointerCapture(event.pointerId);
    moved = pointers.size > 1;
    held = pointers.size === 1 ? on.grab(at.x, at.y, event) : null;
    last = pointers.size === 1 ? at : spread();
    on.hover(null);
  };

  /** @param {PointerEvent} event */
  const move = (event) => {
    const at = place(event);
    if (!pointers.has(event.pointerId)) { on.hover(at, event.pointerType); return; }
    pointers.set(event.pointerId, at);
    if (pointers.size === 1 && !moved && Math.hypot(at.x - last.x, at.y - last.y) < STILL) return;
    moved = true;
    if (held) { on.drag(held, at.x, event); return; }
    const now = pointers.size === 1 ? at : spread();
    const frame = on.frame();
    if (pointers.size > 1 && last.apart > 0 && now.apart > 0) {
      on.zoom(last.apart / now.apart, frame.fromX(now.x));
    }
    on.pan((last.x - now.x) / frame.scale, last.y - now.y);
    last = now;
  };

  /** @param {PointerEvent} event */
  const up = (event) => {
    if (!pointers.delete(event.pointerId)) return;
    if (pointers.size) { [last] = pointers.values(); return; }
    if (!moved && event.type === 'pointerup') on.press(last.x, last.y, event);
    held = null;
  };

  // The wheel zooms about the pointer; with Shift it goes along the axis, and
  // with Alt it makes rows higher. A touchpad's sideways motion pans as well.
  /** @param {WheelEvent} event */
  const wheel = (event) => {
    event.preventDefault();
    on.hover(null);
    const at = place(event);
    const frame = on.frame();
    const size = PIXELS[event.deltaMode] ?? 1;
    const [dx, dy] = [event.deltaX * size, event.deltaY * size];
    if (event.altKey) on.taller(Math.exp(-dy * WHEEL));
    else if (event.shiftKey) on.pan((dx || dy) / frame.scale, 0);
    else if (at.x < frame.gutter) on.pan(0, dy);
    else if (Math.abs(dx) > Math.abs(dy)) on.pan(dx / frame.scale, 0);
    else on.zoom(Math.exp(dy * WHEEL), frame.fromX(at.x));
  };

  const leave = () => on.hover(null);
  /** @type {Record<string, (event: any) => void>} */
  const listeners = {
    pointerdown: down, pointermove: move, pointerup: up, pointercancel: up, pointerleave: leave, wheel,
  };
  for (const [name, listener] of Object.entries(listeners)) {
    element.addEventListener(name, listener, { passive: false });
  }
  return () => {
    for (const [name, listener] of Object.entries(listeners)) element.removeEventListener(name, listener);
  };
}
