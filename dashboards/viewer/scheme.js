// Light or dark: the system's scheme, until the button switches it.

import { html, useEffect, useState } from './vendor/preact-htm.js';

const system = matchMedia('(prefers-color-scheme: dark)');
const root = document.documentElement;
const CHANGED = 'scheme';

const current = () => root.style.colorScheme || (system.matches ? 'dark' : 'light');

// 'light' or 'dark', whichever is shown.
export function useScheme() {
  const [scheme, setScheme] = useState(current);
  useEffect(() => {
    const follow = () => setScheme(current());
    system.addEventListener('change', follow);
    addEventListener(CHANGED, follow);
    return () => {
      system.removeEventListener('change', follow);
      removeEventListener(CHANGED, follow);
    };
  }, []);
  return scheme;
}

export function SchemeButton() {
  const scheme = useScheme();
  const other = scheme === 'dark' ? 'light' : 'dark';
  const click = () => {
    root.style.colorScheme = other;
    dispatchEvent(new Event(CHANGED));
  };
  return html`<button type="button" class="scheme" title=${`Switch to ${other}`}
    aria-label=${`Switch to ${other} colours`} onClick=${click}>${scheme === 'dark' ? '☀' : '☾'}</button>`;
}
