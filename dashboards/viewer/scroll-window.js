// A long list of equal rows, of which only those in sight are in the document.

import { useLayoutEffect, useState } from './vendor/preact-htm.js';

// Rows beyond either edge, so that scrolling shows no gap.
const MARGIN = 12;

// `box` is a ref to the element that scrolls; `head` is what sticks to its top.
/**
 * @param {ElementRef} box
 * @param {number} rows
 * @param {number} height
 * @param {number} head
 */
export function useWindow(box, rows, height, head) {
  const [view, setView] = useState({ top: 0, size: 800 });
  useLayoutEffect(() => {
    const element = box.current;
    const look = () => setView((last) => {
      const next = { top: element.scrollTop, size: element.clientHeight };
      return next.top === last.top && next.size === last.size ? last : next;
    });
    const observer = new ResizeObserver(look);
    observer.observe(element);
    element.addEventListener('scroll', look, { passive: true });
    look();
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', look);
    };
  }, []);
  const first = Math.max(0, Math.floor(view.top / height) - MARGIN);
  const last = Math.min(rows, Math.ceil((view.top + view.size - head) / height) + MARGIN);
  return { first, last };
}

// Scrolls as little as needed for a row to be seen whole.
/**
 * @param {HTMLElement} element
 * @param {number} row
 * @param {number} height
 * @param {number} head
 */
export function reveal(element, row, height, head) {
  const top = row * height;
  const size = element.clientHeight - head;
  if (top < element.scrollTop) element.scrollTop = top;
  else if (top + height > element.scrollTop + size) element.scrollTop = top + height - size;
}
