// A plot by uPlot, which draws on a canvas. What it shows is told in words in
// its caption, and to a screen reader.

import { html, useLayoutEffect, useRef } from '../vendor/preact-htm.js';
import UPlot from '../vendor/uplot.js';
import { duration } from '../format.js';
import { readTheme } from '../diagram/theme.js';
import { useScheme } from '../scheme.js';
import { Wide } from '../wide-table.js';

const HEIGHT = 260;
const NARROWEST = 240;

// `make(theme)` gives uPlot's options without size; a theme is the colours of
// the style sheet. `what` says what is drawn: the plot is made anew when it
// changes. `numbers`, `{ head, rows }`, is a table of the same.
export function Plot({ title, spoken, what, make, data, numbers, level = 3, children }) {
  const box = useRef(null);
  const scheme = useScheme();
  useLayoutEffect(() => {
    const element = box.current;
    const width = () => Math.max(NARROWEST, element.clientWidth);
    const { height = HEIGHT, ...options } = make(readTheme(element));
    const plot = new UPlot({ width: width(), height, ...options }, data, element);
    element.querySelectorAll('.u-series th').forEach(withKeyboard);
    const observer = new ResizeObserver(() => plot.setSize({ width: width(), height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [what, scheme]);
  return html`
    <figure class="plot">
      <figcaption><${`h${level}`}>${title}<//>${children}</figcaption>
      <div ref=${box} class="canvas" role="img" aria-label=${spoken}></div>
      ${numbers && html`<${Numbers} title=${title} ...${numbers} />`}
    </figure>`;
}

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
function withKeyboard(name) {
  name.tabIndex = 0;
  name.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    name.click();
  });
}

// An axis in the page's colours.
export const axis = (theme, more = {}) => ({
  stroke: theme.soft, font: `12px ${theme.font}`, labelFont: `12px ${theme.font}`, labelSize: 20,
  grid: { stroke: theme.line, width: 1 }, ticks: { stroke: theme.line, width: 1 }, ...more,
});

// The same below the plot: with its numbers close to it, and its name to them.
export const below = (theme, more = {}) => axis(theme, { size: 34, labelSize: 18, ...more });

// Which of the values below the plot are written: those that have room.
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
export const points = (size, colour) => ({
  paths: () => null, points: { show: true, size, fill: colour, stroke: colour },
});

// What axes and legends say.
export const asTimes = (_, all) => all.map((ns) => (ns === null ? null : duration(ns)));
export const asPercents = (_, all) => all.map((percent) => (percent === null ? null : `${percent} %`));
export const aTime = (_, ns) => (ns === null || ns === undefined ? '–' : duration(ns));
export const aPercent = (_, percent) => (percent === null || percent === undefined ? '–' : inPercent(percent));
export const inPercent = (percent) => `${Number(percent.toFixed(1))} %`;

export const LOGARITHMIC = 3;
