// Opens the traces, the topology, the results and the runs in a real browser,
// does what a person does, and prints what the page shows as one line of JSON.
// The test beside it compares.
//
//   node views.mjs URL [FOLDER FOR SCREENSHOTS]
//
// `compared` is null where the folder has one run.

import { camera, says, saysOther, text, withPage } from './page.mjs';

const [url, screenshots] = process.argv.slice(2);

const one = (page, selector) => page.$eval(selector, (found) => found.innerText.trim().replace(/\s+/g, ' '));
const hash = (page) => new URL(page.url()).hash;

// To a view by its address, as by a link.
async function go(page, to, selector) {
  await page.evaluate((address) => { location.hash = address; }, to);
  await page.waitForSelector(selector);
}

// Types a value into a field of the search, and submits it with Enter.
async function find(page, field, value) {
  await page.focus(`.finder input[name=${field}]`);
  await page.keyboard.type(value);
  await page.keyboard.press('Enter');
}

async function traces(page) {
  await go(page, '#/traces', '.traces tbody tr');
  const all = await one(page, '.traces .bar .note[role=status]');
  await page.click('.finder button.link');
  await find(page, 'max', 'soon');
  await page.waitForSelector('.finder .bad');
  const wrong = await one(page, '.finder .bad');
  await page.$eval('.finder input[name=max]', (input) => { input.value = ''; });
  await find(page, 'tags', 'p2p.remote=peer-01');
  await page.waitForFunction((before) => {
    const said = document.querySelector('.traces .bar .note[role=status]')?.innerText;
    return said && said !== before;
  }, {}, all);
  return { all, wrong, tagged: await one(page, '.traces .bar .note[role=status]'), address: hash(page) };
}

// Two traces are chosen with the keyboard, and compared; the first is opened.
async function comparison(page) {
  for (const place of [0, 1]) {
    await page.$$eval('.traces td.pick input', (boxes, i) => boxes[i].focus(), place);
    await page.keyboard.press('Space');
  }
  await page.waitForSelector('.traces .bar a.button');
  await page.$eval('.traces .bar a.button', (link) => link.click());
  await page.waitForSelector('.pair .row');
  const found = { told: await one(page, '.pair .bar .note'), rows: (await text(page, '.pair .row')).length };
  await page.$eval('.pair .half a', (link) => link.click());
  await page.waitForSelector('.waterfall [role=treeitem]');
  return {
    ...found,
    path: await one(page, '.trace .bar label'),
    critical: await page.$$eval('.waterfall [role=treeitem]', (all) => all
      .filter((row) => row.querySelector('.critical')).map((row) => row.innerText)),
  };
}

async function topology(page, shoot) {
  await go(page, '#/topology', '.node');
  await says(page, '.topology .bar .note', /\d connection/);
  const note = await one(page, '.topology .bar .note');
  await page.$eval('.node', (node) => node.focus());
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.node.chosen');
  const chosen = await one(page, '.topology .message');
  const rows = (await text(page, '.topology .table .row')).map((row) => row.replace(/\s+/g, ' '));
  await page.focus('.player input[type=range]');
  await page.keyboard.press('Home');
  await says(page, '.player .place', /^step 1 of/);
  const begin = await one(page, '.player .place');
  await page.keyboard.press('Space');
  await saysOther(page, '.player .place', begin);
  await page.keyboard.press('Space');
  await page.$eval('.player input[type=range]', (input) => {
    input.value = input.max / 2;
    for (const event of ['input', 'change']) input.dispatchEvent(new Event(event, { bubbles: true }));
  });
  await says(page, '.player .place', /^step ([5-9]|\d\d)/);
  await shoot('topology');
  const address = hash(page);
  await page.click('.topology input[value=matrix]');
  await page.waitForSelector('.matrix canvas');
  await page.focus('.matrix canvas');
  await page.keyboard.press('ArrowRight');
  await says(page, '.matrix .cell', /→/);
  return { note, chosen, rows, begin, address, cell: await one(page, '.matrix .cell') };
}

async function results(page, shoot) {
  await go(page, '#/results', '.results h3');
  const verdict = await one(page, '.results h3');
  const tables = (await text(page, '.results .wide tbody tr')).map((row) => row.replace(/\s+/g, ' '));
  // The tables are there before the charts, which are a module of their own.
  await page.waitForSelector('.plot .canvas');
  const charts = await page.$$eval('.plot .canvas',
    (all) => all.map((chart) => chart.getAttribute('aria-label')));
  await shoot('results');
  return { verdict, tables, charts };
}

async function runs(page, shoot) {
  await go(page, '#/runs', '.runs .pairs');
  await page.waitForSelector('.runs tbody tr');
  const rows = (await text(page, '.runs tbody tr')).map((row) => row.replace(/\s+/g, ' '));
  const found = { rows, pairs: await one(page, '.runs .pairs'), banners: await text(page, '.runs .banner'),
    compared: null };
  if (rows.length < 2) return found;
  for (const place of [0, 1]) await page.$$eval('.runs td.pick input', (boxes, i) => boxes[i].click(), place);
  await page.waitForSelector('.runs .bar a.button');
  await page.$eval('.runs .bar a.button', (link) => link.click());
  await page.waitForSelector('.comparison .said');
  await page.waitForSelector('.comparison .one canvas');
  await page.waitForFunction(() => (
    [...document.querySelectorAll('.comparison canvas')]
      .filter(({ dataset }) => dataset.steps).length === 2));
  await page.waitForFunction(() => [...document.querySelectorAll('.comparison .state')]
    .filter((state) => !state.innerText.includes('Reading')).length === 2);
  found.states = await text(page, '.comparison .state');
  found.compared = await one(page, '.comparison .said');
  found.comparedSteps = await page.$$eval('.comparison canvas',
    (all) => all.map(({ dataset }) => Number(dataset.steps)));
  await shoot('two-runs');

  // Opens the other run by its link; the page shows it like the server's own run.
  await go(page, '#/runs', '.runs tbody tr');
  await page.$$eval('.runs tbody tr:not(.shown) th a', ([link]) => link.click());
  await page.waitForSelector('canvas[data-steps]');
  await page.waitForSelector('header.run .facts');
  found.other = {
    search: new URL(page.url()).search, head: (await text(page, 'header.run')).join(' '),
    steps: await page.$eval('canvas', (canvas) => Number(canvas.dataset.steps)),
  };
  return found;
}

const seen = await withPage(url, async (page, problems) => {
  const shoot = camera(page, screenshots);
  await page.setViewport({ width: 1280, height: 720 });
  await page.goto(url, { waitUntil: 'load' });
  await page.waitForSelector('.nav');
  return {
    traces: await traces(page),
    comparison: await comparison(page),
    topology: await topology(page, shoot),
    results: await results(page, shoot),
    runs: await runs(page, shoot),
    images: await page.$$eval('img', (all) => all.length),
    problems,
  };
});
console.log(JSON.stringify(seen));
