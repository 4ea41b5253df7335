// The style sheet's colours, as a canvas wants them.
//
// A canvas knows neither custom properties nor light-dark(), so an element is
// given each colour in turn and asked what came of it.

import { colour } from '../palette.js';

const NAMES = ['back', 'panel', 'line', 'text', 'soft', 'link', 'bad', 'rail', 'dot',
  'cut', 'flight', 'past', 'future', 'apart', 'orphan', 'before', 'stripe'];

// Kinds of messages beyond these take the colours again from the first.
export const KINDS = 8;

export function readTheme(element) {
  const probe = document.createElement('i');
  probe.hidden = true;
  element.append(probe);
  const resolved = (name) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const theme = Object.fromEntries(NAMES.map((name) => [name.replace(/-./, ([, c]) => c.toUpperCase()), resolved(name)]));
  theme.kinds = Array.from({ length: KINDS }, (_, i) => resolved(`kind-${i}`));
  theme.font = getComputedStyle(element).fontFamily;
  probe.remove();
  theme.peer = peerInk(element);
  return theme;
}

// A peer's colour is what stands beside its name everywhere (peer.js).
function peerInk(element) {
  const known = new Map();
  return (name) => {
    if (!known.has(name)) {
      const peer = document.createElement('span');
      peer.className = 'peer';
      for (const [property, value] of Object.entries(colour(name))) peer.style.setProperty(property, value);
      peer.append(document.createElement('i'));
      element.append(peer);
      known.set(name, getComputedStyle(peer.firstChild).backgroundColor);
      peer.remove();
    }
    return known.get(name);
  };
}
