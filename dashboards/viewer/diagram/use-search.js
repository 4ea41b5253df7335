// The search for steps, and which of the steps found is current.

import { useEffect, useMemo, useRef, useState } from '../vendor/preact-htm.js';
import { searchSteps } from './step-search.js';

const NOTHING = { steps: /** @type {number[]} */ ([]), more: false };

// The search begins after this pause in typing (ms).
const REST = 150;

/** @param {Model} model @param {number} revision */
export function useSearch(model, revision) {
  const [text, setText] = useState('');
  const [result, setResult] = useState({ text: '', ...NOTHING, problem: null });
  const [at, setAt] = useState(-1);
  useEffect(() => {
    const control = new AbortController();
    const run = () => searchSteps(model, text, control.signal).then(
      (found) => ({ text, ...found, problem: null }),
      (error) => ({ text, ...NOTHING, problem: error.message }),
    ).then((next) => control.signal.aborted || setResult(next));
    const timer = setTimeout(run, text ? REST : 0);
    return () => { control.abort(); clearTimeout(timer); };
  }, [text, model, revision]);
  useEffect(() => setAt(-1), [text]);
  const found = useMemo(() => (result.steps.length ? new Set(result.steps) : null), [result]);
  const now = useRef(null);
  now.current = { steps: result.steps, at };
  return useMemo(() => ({
    text, setText, found, at, total: result.steps.length, more: result.more, problem: result.problem,
    ready: result.text === text,
    /** @param {1 | -1} by @param {Select} select */
    go: (by, select) => {
      const { steps, at: last } = now.current;
      if (!steps.length) return;
      const next = (last + by + (last < 0 && by < 0 ? 1 : 0) + steps.length) % steps.length;
      setAt(next);
      select({ step: steps[next] });
    },
  }), [text, result, found, at]);
}
