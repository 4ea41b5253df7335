// Reads the run into the model, and goes on while the run does.

import { useEffect, useRef, useState } from './vendor/preact-htm.js';
import { getDiagram } from './api.js';
import { Model } from './model.js';

// While a run goes on, the page asks at most this often (ms): two answers a
// second look alive, and leave the processor to the peers.
const PACE = 500;

// `{ model, revision, whole, error }`. The model is one object that grows, and
// is null until the first answer: whoever keeps something about it goes by
// `revision`. `whole`: everything that the server had has been read once. With
// `states` the model can tell the states of another run from its own.
export function useRunning(version, run, states) {
  const [state, setState] = useState({ model: null, revision: 0, whole: false, error: null });
  const wanted = useRef(version);
  wanted.current = version;
  const wake = useRef(() => {});
  useEffect(() => {
    const control = new AbortController();
    const { signal } = control;
    const model = new Model();
    const show = (whole, error = null) => signal.aborted
      || setState({ model, revision: model.revision, whole, error });
    (async () => {
      let whole = false;
      while (!signal.aborted) {
        const version = wanted.current;
        try {
          whole = await readAll(model, signal, () => getDiagram(model.next, signal, run, states), () => show(whole)) || whole;
          show(whole);
        } catch (error) {
          if (!signal.aborted) show(whole, error.message);
        }
        await new Promise((resolve) => { setTimeout(resolve, PACE); });
        if (wanted.current === version) await new Promise((resolve) => { wake.current = resolve; });
      }
    })();
    return () => { control.abort(); wake.current(); };
  }, [run]);
  useEffect(() => wake.current(), [version]);
  return state;
}

// The server answers in pieces. A run that has ended brings them one after
// the other; what has come is shown meanwhile.
async function readAll(model, signal, ask, show) {
  for (;;) {
    const after = model.next;
    const answer = await ask();
    if (signal.aborted) return false;
    const news = model.append(answer);
    if (answer.next === after) return true;
    if (news) show();
  }
}
