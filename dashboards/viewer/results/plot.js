// A plot by uPlot, which draws on a canvas. Its caption, and a label for screen
// readers, describe it in words.

import { html, useLayoutEffect, useRef } from '../vendor/preact-htm.js';
import UPlot from '../vendor/uplot.js';
import { duration } from '../format.js';
import { readTheme } from '../diagram/theme.js';
import { useScheme } from '../scheme.js';
import { Wide } from '../wide-table.js';

const HEIGHT = 260;
const NARROWEST = 240;

// `chart.make(theme)` returns uPlot's options without size; a theme is the colours
// of the style sheet. The plot is made anew when `chart.key` changes. `numbers`,
// `{ head, rows }`, is a table of the same data.
/**
 * @param {{
 *   title: string, spoken: string, chart: Chart, numbers?: NumbersTable | null,
 *   level?: number | string, children?: any,
 * }} props
 */
export function Plot({ title, spoken, chart, numbers, level = 3, children }) {
  const box = useRef(null);
  const scheme = useScheme();
  useLayoutEffect(() => {
    const element = box.current;
    const width = () => Math.max(NARROWEST, element.clientWidth);
    const { height = HEIGHT, ...options } = chart.make(readTheme(element));
    const data = /** @type {PlotColumns} */ (chart.data);
    const plot = new UPlot({ width: width(), height, ...options }, data, element);
    element.querySelectorAll('.u-series th').forEach(withKeyboard);
    const observer = new ResizeObserver(() => plot.setSize({ width: width(), height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [chart.key, scheme]);
  return html`
    <figure class="plot">
      <figcaption><${`h${level}`}>${title}<//>${children}</figcaption>
      <div ref=${box} class="canvas" role="img" aria-label=${spoken}></div>
      ${numbers && html`<${Numbers} title=${title} ...${numbers} />`}
    </figure>`;
}

/** @param {NumbersTable & { title: string }} props */
function Numbers({ title, head, rows }) {
  return html`
    <details class="numbers">
      <summary>${title}: the numbers</summary>
      <${Wide} label=${`${title}: the numbers`}><table>
        <thead><tr>${head.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
        <tbody>${rows.map(([name, ...cells]) => html`
          <tr><th scope="row">${name}</th>${cells.map((cell) => html`<td class="figure">${cell}</td>`)}</tr>`)}</tbody>
      </table><//>
    </details>`;
}

// uPlot hides and shows a series when its name is clicked.
/** @param {HTMLElement} name */
function withKeyboard(name) {
  name.tabIndex = 0;
  name.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    name.click();
  });
}

// An axis in the page's colours.
/** @param {Theme} theme @param {Record<string, any>} [more] */
export const axis = (theme, more = {}) => ({
  stroke: theme.soft, font: `12px ${theme.font}`, labelFont: `12px ${theme.font}`, labelSize: 20,
  grid: { stroke: theme.line, width: 1 }, ticks: { stroke: theme.line, width: 1 }, ...more,
});

// The axis below the plot, with its numbers and its name close to it.
/** @param {Theme} theme @param {Record<string, any>} [more] */
export const below = (theme, more = {}) => axis(theme, { size: 34, labelSize: 18, ...more });

// Which of the values below the plot are written: those that have room.
/** @param {UPlot} plot @param {number[]} splits */
export const withRoom = (plot, splits) => {
  let last = -Infinity;
  return splits.map((value) => {
    const place = plot.valToPos(value, 'x');
    if (place - last < 52) return null;
    last = place;
    return value;
  });
};

// Bars, steps and points, as uPlot makes them.
export const { bars, stepped } = /** @type {Required<typeof UPlot.paths>} */ (UPlot.paths);
/** @param {number} size @param {string} colour */
export const points = (size, colour) => ({
  paths: () => null, points: { show: true, size, fill: colour, stroke: colour },
});

// The texts of axes and legends.
/** @param {unknown} _ @param {number[]} all */
export const asNumbers = (_, all) => all.map(String);
/** @param {unknown} _ @param {(number | null)[]} all */
export const asTimes = (_, all) => all.map((ns) => (ns === null ? null : duration(ns)));
/** @param {unknown} _ @param {(number | null)[]} all */
export const asPercents = (_, all) => all.map((percent) => (percent === null ? null : `${percent} %`));
/** @param {unknown} _ @param {PlotValue} ns */
export const aTime = (_, ns) => (ns === null || ns === undefined ? '–' : duration(ns));
/** @param {unknown} _ @param {PlotValue} percent */
export const aPercent = (_, percent) => (
  percent === null || percent === undefined ? '–' : inPercent(percent));
/** @param {number} percent */
export const inPercent = (percent) => `${Number(percent.toFixed(1))} %`;

export const LOGARITHMIC = 3;
