// Opens a report from the disk in a real browser, goes through its views, and
// prints what the page shows as one line of JSON. The test beside it compares.
//
//   node report.mjs FILE

import { pathToFileURL } from 'node:url';

import { text, withPage } from './page.mjs';

const url = pathToFileURL(process.argv[2]).href;

const one = (page, selector) => page.$eval(selector, (found) => found.innerText.trim().replace(/\s+/g, ' '));

// To a view by its address, as by a link.
async function go(page, to, selector) {
  await page.evaluate((address) => { location.hash = address; }, to);
  await page.waitForSelector(selector);
}

const seen = await withPage(url, async (page, problems) => {
  // The browser treats all files as one origin; the report may request only itself.
  page.on('request', (request) => {
    const to = request.url();
    if (!to.startsWith('data:') && to.split('#')[0] !== url) problems.push(`request to ${to}`);
  });
  await page.setViewport({ width: 1280, height: 720 });
  await page.goto(url, { waitUntil: 'load' });
  await page.waitForSelector('.cut-panel .verdict:not(.open)');
  const found = {
    head: await one(page, 'header.run'),
    steps: Number(await page.$eval('canvas', (canvas) => canvas.dataset.steps)),
    cut: await one(page, '.cut-panel h3'),
    verdict: await one(page, '.cut-panel .verdict'),
    inFlight: await one(page, '.cut-panel .flying h4'),
  };

  // A step's state comes from its trace, which is in the report.
  await page.focus('.canvas-box canvas');
  await page.keyboard.press('ArrowRight');
  await page.waitForSelector('.side .diff, .side h4 + .note');
  found.address = new URL(page.url()).hash;

  await go(page, '#/traces', '.traces tbody tr');
  found.traces = (await text(page, '.traces tbody tr')).length;
  await page.$eval('.traces td.c0 a', (link) => link.click());
  await page.waitForSelector('.waterfall [role=treeitem]');
  found.rows = (await text(page, '.waterfall [role=treeitem]')).length;

  await go(page, '#/topology', '.node');
  found.nodes = (await page.$$('.node')).length;
  await go(page, '#/results', '.results h3');
  found.results = await one(page, '.results h3');
  await go(page, '#/runs', '.runs .empty');
  found.runs = await one(page, '.runs .empty');

  found.banners = await text(page, '.banner');
  // The page's content security policy blocks every injected script.
  found.ran = await page.evaluate(() => new Promise((resolve) => {
    const script = document.createElement('script');
    script.src = 'data:text/javascript,window.ran = true';
    script.onload = script.onerror = ({ type }) => resolve(type === 'load');
    document.head.append(script);
  }));
  // The browser reports that in its console, which is no fault of the page.
  return { ...found, problems: problems.filter((problem) => !problem.includes('window.ran')) };
});
console.log(JSON.stringify(seen));
