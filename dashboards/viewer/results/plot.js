// A plot by uPlot, which draws on a canvas. What it shows is told in words in
// its caption, and to a screen reader.

import { html, useLayoutEffect, useRef } from '../vendor/preact-htm.js';
import UPlot from '../vendor/uplot.js';
import { readTheme } from '../diagram/theme.js';
import { useScheme } from '../scheme.js';

const HEIGHT = 260;
const NARROWEST = 240;

// `make(theme)` gives uPlot's options without size; a theme is the colours of
// the style sheet. `what` says what is drawn: the plot is made anew when it changes.
export function Plot({ title, spoken, what, make, data, children }) {
  const box = useRef(null);
  const scheme = useScheme();
  useLayoutEffect(() => {
    const element = box.current;
    const width = () => Math.max(NARROWEST, element.clientWidth);
    const plot = new UPlot({ height: HEIGHT, width: width(), ...make(readTheme(element)) }, data, element);
    const observer = new ResizeObserver(() => plot.setSize({ width: width(), height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [what, scheme]);
  return html`
    <figure class="plot">
      <figcaption><h3>${title}</h3>${children}</figcaption>
      <div ref=${box} class="canvas" role="img" aria-label=${spoken}></div>
    </figure>`;
}

// An axis in the page's colours.
export const axis = (theme, more = {}) => ({
  stroke: theme.soft, font: `12px ${theme.font}`, labelFont: `12px ${theme.font}`, labelSize: 20,
  grid: { stroke: theme.line, width: 1 }, ticks: { stroke: theme.line, width: 1 }, ...more,
});

// Bars and points, as uPlot makes them.
export const bars = UPlot.paths.bars;
export const LOGARITHMIC = 3;
