// Reads the run into the model, and goes on while the run does.

import { useEffect, useRef, useState } from './vendor/preact-htm.js';
import { getDiagram } from './api.js';
import { Model } from './model.js';

// While a run goes on, the page requests steps at most this often (ms): two answers a
// second look alive, and leave the processor to the peers.
const PACE = 500;

// Where reading and drawing an answer takes long, the pause after it takes so
// many times as long: the page then uses a quarter of a processor. A guess.
const REST = 3;

/**
 * @typedef {object} LoadedModel
 * @property {Model | null} model one object that grows, null until the first answer: what
 *   is derived from it goes by `revision`
 * @property {number} revision
 * @property {boolean} whole whether everything that the server had has been read once
 * @property {string | null} error
 */

/**
 * @param {unknown} version changes when the server has more
 * @param {object} options
 * @param {boolean} [options.needed] whether the view that is shown draws the model; without it
 *   nothing is read
 * @param {string} [options.run] another run's id
 */
export function useModel(version, { needed = true, run } = {}) {
  const [state, setState] =
    useState(/** @type {LoadedModel} */ ({ model: null, revision: 0, whole: false, error: null }));
  const now = useRef(null);
  now.current = { version, needed };
  const wake = useRef(() => {});
  useEffect(() => {
    const control = new AbortController();
    const { signal } = control;
    const model = new Model();
    /** @type {(whole: boolean, error?: string | null) => void} */
    const show = (whole, error = null) => signal.aborted
      || setState({ model, revision: model.revision, whole, error });
    /** @param {boolean} was */
    const read = async (was) => {
      try {
        const ask = () => getDiagram(model.next, signal, run);
        const whole = await readAll(model, signal, ask, () => show(was)) || was;
        show(whole);
        return whole;
      } catch (error) {
        if (!signal.aborted) show(was, error.message);
        return was;
      }
    };
    (async () => {
      let whole = false;
      /** @type {{ version: unknown } | null} */
      let last = null;
      while (!signal.aborted) {
        const { version, needed } = now.current;
        if (!needed || last?.version === version) {
          await /** @type {Promise<void>} */ (new Promise((resolve) => { wake.current = resolve; }));
          continue;
        }
        const began = performance.now();
        whole = await read(whole);
        last = { version };
        await painted();
        await passed(Math.max(PACE, REST * (performance.now() - began)));
      }
    })();
    return () => { control.abort(); wake.current(); };
  }, [run]);
  useEffect(() => wake.current(), [version, needed]);
  return state;
}

/** @param {number} ms */
const passed = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

// The picture follows the model by two frames. A page in the background has
// none, and so requests nothing until it is visible again.
const painted = () => new Promise((resolve) => {
  requestAnimationFrame(() => requestAnimationFrame(resolve));
});

// The server answers in pieces. A run that has ended brings them one after
// the other; what has come is shown meanwhile. What is stored while an answer
// is under way waits for the next time: a run that goes on always has more.
/**
 * @param {Model} model
 * @param {AbortSignal} signal
 * @param {() => Promise<DiagramAnswer>} ask
 * @param {() => void} show
 */
async function readAll(model, signal, ask, show) {
  for (;;) {
    const answer = await ask();
    if (signal.aborted) return false;
    const news = model.append(answer);
    if (!answer.more) return true;
    if (news) show();
  }
}
