// Goes through every view of every run of the folder, opens what can be opened
// and points at what can be pointed at, and prints as one line of JSON where a
// name was interpreted as markup. The test beside it defines the names.
//
//   node hostile.mjs URL PART-OF-THE-NAMES

import { plainStep } from './canvas.mjs';
import { drawn, withPage } from './page.mjs';

const [url, part] = process.argv.slice(2);

const click = (selector) => (page) => page.$$eval(selector, (all) => all.forEach((one) => one.click()));

// A step is pointed at, and then selected; then a message of the panel; then
// the steps as a table.
async function point(page) {
  // The cut comes after the steps, and makes room for its panel.
  const { cuts } = await page.evaluate(() => fetch(`/api/cuts${location.search}`).then((answer) => answer.json()));
  if (cuts.length > 0) await page.waitForSelector('.cut-panel');
  const { x, y } = await plainStep(page);
  await page.mouse.move(x, y);
  await page.waitForSelector('.tooltip');
  await page.mouse.click(x, y);
  await page.waitForSelector(
    '.side section[aria-label="Selected step"] .diff, .side section[aria-label="Selected step"] .note');
  await click('.side .ref')(page);
  await click('.tools > button[aria-pressed]')(page);
  await page.waitForSelector('.sight tbody tr');
}

const nodes = (page) => page.$$eval('.node',
  (all) => all.forEach((one) => one.dispatchEvent(new MouseEvent('click', { bubbles: true }))));

// What is waited for and done in each view, by its address.
const VIEWS = [
  ['#/', 'canvas[data-steps]', point],
  ['#/traces', '.traces tbody tr', click('.finder button.link')],
  ['#/topology', '.node', nodes],
  ['#/topology', '.topology input[value=matrix]', click('.topology input[value=matrix]')],
  ['#/results', '.results h3', () => {}],
  ['#/runs', '.runs tbody tr', () => {}],
];

// What a page must not have, however it came to be there, and whether the
// names are shown at all.
const look = (page) => page.evaluate((name) => {
  for (const more of document.querySelectorAll('details')) more.open = true;
  const all = [...document.querySelectorAll('*')];
  return {
    images: document.images.length,
    handlers: all.filter((one) => one.getAttributeNames()
      .some((attribute) => attribute.startsWith('on'))).length,
    named: document.querySelector('main').innerText.includes(name),
  };
}, part);

console.log(JSON.stringify(await withPage(url, async (page, problems) => {
  await page.setViewport({ width: 1280, height: 720 });
  await page.goto(url, { waitUntil: 'load' });
  const ask = (path) => page.evaluate((address) => fetch(address).then((answer) => answer.json()), path);
  const { runs } = await ask('/api/runs');
  const found = [];
  const visit = async (hash, selector, act) => {
    await page.evaluate((address) => { location.hash = address; }, hash);
    await page.waitForSelector(selector);
    await act(page);
    await drawn(page);
    await look(page);
    await drawn(page);
    found.push({ view: page.url(), ...await look(page) });
  };
  for (const { id } of runs) {
    await page.goto(new URL(`?run=${id}`, url).href, { waitUntil: 'load' });
    const { summaries } = await ask(`/api/v3/trace-summaries?run=${id}`);
    const hostile = summaries.filter(({ services }) => services.some(({ name }) => name.includes(part)));
    const [a, b] = hostile.map(({ traceId }) => traceId);
    for (const view of VIEWS) await visit(...view);
    await visit(`#/compare-traces/${a}/${b}`, '.pair .row', () => {});
    await visit(`#/trace/${a}`, '.waterfall .row', click('.waterfall .row'));
  }
  await visit(`#/compare/${runs[0].id}/${runs.at(-1).id}`, '.comparison .said', click('.comparison button.link'));
  return { found, problems };
})));
