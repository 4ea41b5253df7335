// Starts a run that is shown while it goes on, goes from view to view, and
// counts what each asks of the server in five seconds: one line of JSON. Then
// it pauses the run in one page, and goes on with it in another. The test beside
// it compares.
//
//   node requests.mjs testbed --view=127.0.0.1:0 …

import { drawn, says, text, withPage } from './page.mjs';
import { start } from './program.mjs';

const MEASURED = 5000;

// A view by its address, and what is there when it shows something.
const VIEWS = {
  diagram: ['#/', 'canvas[data-steps]'],
  topology: ['#/topology', '.node'],
  traces: ['#/traces', '.traces tbody tr'],
  results: ['#/results', '.results'],
  runs: ['#/runs', '.runs .pairs'],
};

async function show(page, [address, selector]) {
  await page.evaluate((hash) => { location.hash = hash; }, address);
  await page.waitForSelector(selector);
  await drawn(page);
}

// How often each address was asked for while the page is looked at.
async function counted(page, asked) {
  asked.length = 0;
  await page.evaluate((ms) => new Promise((done) => { setTimeout(done, ms); }), MEASURED);
  const count = {};
  for (const path of asked) count[path] = (count[path] ?? 0) + 1;
  return { all: asked.length, count };
}

const badge = (page, pattern) => says(page, '.run .badge', pattern);

// A page in the background draws nothing, so each is looked at in turn.
async function look(page, pattern) {
  await page.bringToFront();
  await badge(page, pattern);
}

const click = (page, name) => page.$$eval('.control button', (all, wanted) => {
  all.find((one) => one.innerText === wanted).click();
}, name);

// What one page does is seen in the other.
async function pausing(page, other) {
  await page.bringToFront();
  await show(page, VIEWS.diagram);
  await page.waitForSelector('.control button');
  await click(page, 'Pause');
  await look(page, /^paused$/);
  await look(other, /^paused$/);
  await show(other, VIEWS.diagram);
  const paused = await text(other, '.control [role=status]');
  await click(other, 'Resume');
  await look(other, /^running$/);
  await look(page, /^running$/);
  return { paused, resumed: await text(page, '.control [role=status]') };
}

let run;
const seen = await withPage(async () => {
  run = await start(process.argv.slice(2));
  return run.url;
}, async (page, problems, url) => {
  const asked = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await page.setViewport({ width: 1280, height: 720 });
  await page.goto(url, { waitUntil: 'load' });
  const found = {};
  for (const [name, view] of Object.entries(VIEWS)) {
    await show(page, view);
    found[name] = await counted(page, asked);
  }
  const other = await page.browser().newPage();
  await other.goto(url, { waitUntil: 'load' });
  Object.assign(found, await pausing(page, other));
  // Once the server is gone, the page no longer shows the run as live.
  const before = problems.length;
  run.program.kill('SIGKILL');
  await run.ended;
  await page.waitForFunction(() => !document.querySelector('.run .badge.live'));
  found.gone = { badges: await text(page, '.run .badge'), buttons: await text(page, '.control button') };
  return { ...found, problems: problems.slice(0, before) };
});
console.log(JSON.stringify(seen));
