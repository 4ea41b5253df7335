// Starts a run that the page can control, cuts a link and kills a peer with the
// page's buttons, and prints what the topology showed of it as one line of
// JSON. The test beside it compares.
//
//   node reach.mjs testbed --view=127.0.0.1:0 …
//
// With a folder in SCREENSHOTS it takes pictures.

import { camera, drawn, says, text, withPage } from './page.mjs';
import { start } from './program.mjs';

async function go(page, to, selector) {
  await page.evaluate((address) => { location.hash = address; }, to);
  await page.waitForSelector(selector);
}

// Presses a button above the diagram.
async function press(page, label, peers) {
  await go(page, '#/', '.control .danger');
  for (const [i, peer] of peers.entries()) await page.select(`.control ${i ? '.group ' : '> '}select`, peer);
  await page.$$eval('.control button', (all, name) => all.find((one) => one.innerText === name).click(),
    label);
  await page.waitForSelector('.control [role=status]');
  const [said] = await text(page, '.control [role=status]');
  await go(page, '#/topology?view=graph', '.node');
  return said;
}

const NOTE = '.topology .bar .note';

// What the graph draws of links and peers.
async function graph(page) {
  await drawn(page);
  return {
    note: (await text(page, NOTE)).join(),
    cut: await page.$$eval('.edges.cut title', (all) => all.map((one) => one.textContent)),
    dead: await page.$$eval('.node.dead title', (all) => all.map((one) => one.textContent)),
    legend: await text(page, '.kinds li'),
  };
}

// What the matrix says of the cell to the right of the first.
async function cell(page, shoot) {
  await go(page, '#/topology?view=matrix', '.matrix canvas');
  await page.focus('.matrix canvas');
  await page.keyboard.press('ArrowRight');
  await says(page, '.matrix .cell', /→/);
  const found = (await text(page, '.matrix .cell')).join();
  await shoot('cut-matrix');
  await go(page, '#/topology?view=graph', '.node');
  return found;
}

async function slide(page, key) {
  const slider = await page.waitForSelector('.player input[type=range]');
  await slider.focus();
  await page.keyboard.press(key);
}

let run;
const seen = await withPage(async () => {
  run = await start(process.argv.slice(2));
  return run.url;
}, async (page, problems, url) => {
  const shoot = camera(page, process.env.SCREENSHOTS);
  await page.setViewport({ width: 1280, height: 720 });
  await page.goto(url, { waitUntil: 'load' });
  const found = { said: await press(page, 'Cut link', ['peer-00', 'peer-01']) };
  await says(page, NOTE, /1 link cut/);
  found.cut = await graph(page);
  await shoot('cut');
  found.cell = await cell(page, shoot);
  // A page opened later shows it as well.
  await page.reload({ waitUntil: 'load' });
  await says(page, NOTE, /1 link cut/);
  found.again = await graph(page);
  // At the beginning the link is whole, and at the end it is cut.
  await slide(page, 'Home');
  await page.waitForFunction(() => !document.querySelector('.edges.cut'));
  found.before = await graph(page);
  await slide(page, 'End');
  await says(page, NOTE, /1 link cut/);
  await press(page, 'Kill it', ['peer-03']);
  await says(page, NOTE, /1 peer killed/);
  found.killed = await graph(page);
  await shoot('killed');
  await press(page, 'Heal', ['peer-00', 'peer-01']);
  await page.waitForFunction(() => !document.querySelector('.edges.cut'));
  found.healed = await graph(page);
  return { ...found, problems };
});
run.program.kill('SIGINT');
await run.ended;
console.log(JSON.stringify(seen));
