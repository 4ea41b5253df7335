// Opens every view of a folder of runs in a real browser, in both colour
// schemes and in a narrow window, and prints what axe-core finds there as one
// line of JSON. The test beside it expects that nothing is found.
//
//   node accessible.mjs URL [STATE …]
//
// Without a state it goes through all. With a folder in SCREENSHOTS it takes
// pictures.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import { camera, drawn, withPage } from './page.mjs';

const [url, ...wanted] = process.argv.slice(2);

// Evaluated in the page, since the page's content security policy blocks script elements.
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const SIZES = { wide: [1280, 720], narrow: [390, 800] };

const show = async (page, address, selector) => {
  await page.evaluate((hash) => { location.hash = hash; }, address);
  await page.waitForSelector(selector);
};

const click = (page, selector) => page.$$eval(selector, (all) => all[0]?.click());

// The states of the page to check: for each, how to bring the page into it.
const STATES = {
  diagram: (page) => show(page, '#/', 'canvas[data-steps]'),
  async step(page) {
    await show(page, '#/', 'canvas[data-steps]');
    // The keys work wherever the focus is.
    await page.focus('.tools button');
    await page.keyboard.press('ArrowRight');
    await page.waitForSelector('.side .diff, .side h4 + .note');
    await page.$$eval('.side details', (all) => all.forEach((one) => { one.open = true; }));
  },
  async table(page) {
    await show(page, '#/', 'canvas[data-steps]');
    await page.$$eval('.tools button', (all) => all.find((one) => one.innerText === 'Table').click());
    await page.waitForSelector('.sight tbody tr');
  },
  async 'cut and its points'(page) {
    await show(page, '#/', 'canvas[data-steps]');
    await page.$$eval('.cut-panel details', (all) => all.forEach((one) => { one.open = true; }));
  },
  async peers(page) {
    await show(page, '#/', 'canvas[data-steps]');
    await page.$eval('.menu.peers', (menu) => { menu.open = true; });
  },
  async keys(page) {
    await show(page, '#/', 'canvas[data-steps]');
    await page.focus('.nav a');
    await page.keyboard.press('?');
    await page.waitForSelector('dialog[open]');
  },
  async traces(page) {
    await show(page, '#/traces', '.traces tbody tr');
    await click(page, '.finder button.link');
  },
  async trace(page) {
    await show(page, '#/traces', '.traces tbody tr');
    await click(page, '.traces td.c0 a');
    await page.waitForSelector('.waterfall [role=treeitem]');
    await page.focus('.waterfall');
    await page.keyboard.press('ArrowDown');
    await page.waitForSelector('.details');
  },
  async 'two traces'(page) {
    await show(page, '#/traces', '.traces tbody tr');
    for (const place of [0, 1]) await page.$$eval('.traces td.pick input', (all, i) => all[i].click(), place);
    await page.waitForSelector('.traces .bar a.button');
    await click(page, '.traces .bar a.button');
    await page.waitForSelector('.pair .row');
  },
  topology: (page) => show(page, '#/topology?view=graph&peer=peer-01', '.node.chosen'),
  matrix: (page) => show(page, '#/topology?view=matrix', '.matrix canvas'),
  results: (page) => show(page, '#/results', '.results h3'),
  async 'results with all numbers'(page) {
    await show(page, '#/results', '.results h3');
    await page.$$eval('.results details', (all) => all.forEach((one) => { one.open = true; }));
  },
  async runs(page) {
    await show(page, '#/runs', '.runs tbody tr');
    await click(page, '.runs td.pick input');
  },
  async 'two runs'(page) {
    await show(page, '#/runs', '.runs tbody tr');
    for (const place of [0, 1]) await page.$$eval('.runs td.pick input', (all, i) => all[i]?.click(), place);
    await page.waitForSelector('.runs .bar a.button');
    await click(page, '.runs .bar a.button');
    await page.waitForFunction(() => [...document.querySelectorAll('.comparison .state')]
      .filter((state) => !state.innerText.includes('Reading')).length === 2
        || document.querySelector('.comparison .said > p:only-child'));
  },
  async 'more of the run'(page) {
    await show(page, '#/results', '.results h3');
    await page.$$eval('details.more', (all) => all.forEach((one) => { one.open = true; }));
  },
  nowhere: (page) => show(page, '#/nowhere', 'main .empty'),
};

// With the keyboard alone: the skip link leads into the view; and selecting the next step
// scrolls the panel back to its heading.
async function keyboard(page) {
  await page.goto('about:blank');
  await page.goto(url, { waitUntil: 'load' });
  await page.waitForSelector('canvas[data-steps]');
  const focused = () => page.evaluate(() => document.activeElement.innerText.trim()
    || document.activeElement.id);
  await page.keyboard.press('Tab');
  const first = await focused();
  const address = page.url();
  await page.keyboard.press('Enter');
  const skipped = await page.evaluate(() => document.activeElement.id);
  await STATES.step(page);
  const scrolled = await page.$eval('.side', (panel) => { panel.scrollTop = 400; return panel.scrollTop; });
  await page.keyboard.press('ArrowRight');
  await page.waitForFunction(() => document.querySelector('.side').scrollTop === 0);
  await page.keyboard.press('?');
  await page.waitForSelector('dialog[open]');
  const keys = await page.$$eval('dialog kbd', (all) => all.map((one) => one.innerText));
  await page.keyboard.press('Escape');
  await page.waitForSelector('dialog:not([open])');
  const stayed = page.url().split('#')[0] === address.split('#')[0];
  return { first, skipped, stayed, scrolled: scrolled > 0, keys };
}

// `rule: element: summary` for each violation that axe-core finds. What it cannot decide is
// not reported.
async function faults(page) {
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    resultTypes: ['violations'],
  }));
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => (
    `${id}: ${target.join(' ')}: ${failureSummary.split('\n').slice(1).map((line) => line.trim()).join('; ')}`)));
}

// An element that sticks out makes the page itself scroll.
const scrolls = (page) => page.evaluate(() => {
  const { scrollHeight, scrollWidth } = document.documentElement;
  return [['down', scrollHeight - innerHeight], ['sideways', scrollWidth - innerWidth]]
    .filter(([, by]) => by > 0).map(([way, by]) => `scrolls: the page goes on ${by} px ${way}`);
});

// Every arrow has a contrast of three to one as long as there are few.
const faint = (page) => page.evaluate(async () => {
  const box = document.querySelector('.canvas-box');
  if (!box) return [];
  const [{ readTheme, rgb }, { strength }, { contrast, leastAlpha }] = await Promise.all(
    ['theme', 'paint-arrows', 'contrast'].map((name) => import(`/diagram/${name}.js`)));
  const theme = readTheme(box);
  const back = rgb(theme.back);
  const inks = { apart: theme.apart, past: theme.past, future: theme.future, flight: theme.flight,
    orphan: theme.orphan };
  for (const { innerText } of document.querySelectorAll('.legend .kind')) {
    inks[innerText] = theme.kind(innerText);
  }
  return Object.entries(inks).map(([name, ink]) => {
    const alpha = strength(200, 300, true, leastAlpha(rgb(ink), back));
    const seen = [0, 1, 2].map((i) => rgb(ink)[i] * alpha + back[i] * (1 - alpha));
    return [name, contrast(seen, back)];
  }).filter(([, much]) => much < 3).map(([name, much]) => `arrow: ${name} has a contrast of ${much.toFixed(2)}`);
});

// At most three faults of one rule are reported.
const few = (all) => {
  const count = new Map();
  return all.filter((one) => {
    const rule = one.split(':')[0];
    count.set(rule, (count.get(rule) ?? 0) + 1);
    return count.get(rule) <= 3;
  });
};

const seen = await withPage(url, async (page, problems) => {
  const shoot = camera(page, process.env.SCREENSHOTS);
  const states = Object.entries(STATES).filter(([state]) => !wanted.length || wanted.includes(state));
  const found = {};
  for (const scheme of ['light', 'dark']) {
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
    for (const [size, [width, height]] of Object.entries(SIZES)) {
      await page.setViewport({ width, height });
      for (const [state, open] of states) {
        // A new page: nothing that the last state opened stays open.
        await page.goto('about:blank');
        await page.goto(url, { waitUntil: 'load' });
        await page.waitForSelector('.nav');
        await open(page);
        await drawn(page);
        await page.evaluate(AXE);
        found[`${state}, ${size}, ${scheme}`] = [...few(await faults(page)), ...await scrolls(page), ...await faint(page)];
        await shoot(`${state.replaceAll(' ', '-')}-${size}-${scheme}`, width, height);
      }
    }
  }
  await page.setViewport({ width: 1280, height: 720 });
  const moves = wanted.length ? null : await keyboard(page);
  const faulty = Object.entries(found).filter(([, all]) => all.length);
  return { moves, states: Object.keys(found).length, faults: faulty, problems };
});
console.log(JSON.stringify(seen));
