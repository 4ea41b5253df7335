// The address bar names what is shown, so that a link can be sent, and Back
// goes back. Everything after `#` stays in the browser.
//
//   #/                               the list of traces
//   #/?service=peer-07&operation=PING   the list, narrowed
//   #/trace/<trace id>               one trace
//   #/trace/<trace id>/span/<id>     one trace with a span selected

import { useEffect, useState } from './vendor/preact-htm.js';

export function parse(hash) {
  const [path, search = ''] = hash.replace(/^#/, '').split('?');
  const trace = /^\/trace\/([0-9a-f]{32})(?:\/span\/([0-9a-f]{16}))?$/.exec(path);
  if (trace) return { view: 'trace', trace: trace[1], span: trace[2] ?? null };
  const asked = new URLSearchParams(search);
  const known = path === '' || path === '/';
  return {
    view: known ? 'traces' : 'unknown',
    service: asked.get('service') ?? '',
    operation: asked.get('operation') ?? '',
  };
}

export function toTraces({ service = '', operation = '' } = {}) {
  const asked = new URLSearchParams();
  if (service) asked.set('service', service);
  if (operation) asked.set('operation', operation);
  return asked.size ? `#/?${asked}` : '#/';
}

export function toTrace(trace, span) {
  return span ? `#/trace/${trace}/span/${span}` : `#/trace/${trace}`;
}

export function useRoute() {
  const [route, setRoute] = useState(() => parse(location.hash));
  useEffect(() => {
    const follow = () => setRoute(parse(location.hash));
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return route;
}

// A selection that moves with every arrow key would bury the page before it
// in the history, so it replaces the address. That raises no `hashchange`.
export function replace(hash) {
  history.replaceState(null, '', hash);
  dispatchEvent(new HashChangeEvent('hashchange'));
}
