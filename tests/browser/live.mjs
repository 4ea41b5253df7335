// Starts a run that is shown while it goes on, looks at its page until the run
// is over and once more after that, and prints what the page showed as one line
// of JSON. The test beside it compares.
//
//   node live.mjs testbed --view=127.0.0.1:0 …

import { says, saysOther, text, withPage } from './page.mjs';
import { start } from './program.mjs';

const steps = (page) => page.$eval('canvas', (canvas) => Number(canvas.dataset.steps));

const one = (page, selector) => page.$eval(selector, (found) => found.innerText.trim());

const press = (page, name) => page.$$eval('.cut-panel button', (all, wanted) => {
  all.find((button) => button.innerText.trim() === wanted).click();
}, name);

// Waits for more steps than before.
async function growth(page, before) {
  await page.waitForFunction((last) => Number(document.querySelector('canvas')?.dataset.steps) > last, {},
    before);
  return { steps: await steps(page), badge: (await text(page, '.run .badge')).join(' ') };
}

// Waits until the page has as many steps as the server.
async function whole(page) {
  const all = await page.evaluate(async () => {
    let [count, after] = [0, 0];
    for (;;) {
      const answer = await (await fetch(`/api/diagram?after=${after}`)).json();
      if (answer.next === after) return count;
      count += answer.steps.peer.length;
      after = answer.next;
    }
  });
  await page.waitForFunction((count) => Number(document.querySelector('canvas')?.dataset.steps) === count, {},
    all);
  return all;
}

let run;
const seen = await withPage(async () => {
  run = await start(process.argv.slice(2));
  return run.url;
}, async (page, problems, url) => {
  await page.setViewport({ width: 1280, height: 720 });
  await page.goto(url, { waitUntil: 'load' });
  const looks = [await growth(page, 0)];
  looks.push(await growth(page, looks[0].steps));
  // The panel goes with the newest snapshot, until Stay is pressed.
  const title = '.cut-panel h3';
  await says(page, title, /^Snapshot 0\/[1-9]$/);
  await press(page, 'Stay');
  const stays = await one(page, title);
  await page.waitForFunction((last) => [...document.querySelectorAll('.tools select option')]
    .some(({ value }) => /^0\/\d/.test(value) && Number(value.slice(2)) > last), {}, Number(stays.slice(11)));
  const followed = { stays, stayed: await one(page, title) };
  await press(page, 'Follow the newest');
  await saysOther(page, title, stays);
  await page.waitForSelector('.run .badge.pass, .run .badge.fail, .run .badge.unknown');
  const verdict = (await text(page, '.run .badge')).join(' ');
  const found = { looks, followed, verdict, steps: await whole(page) };
  await says(page, title, /^Snapshot 0\/19$/);
  await page.waitForSelector('.cut-panel .verdict:not(.open)');
  found.cut = await page.$eval('.cut-panel', (panel) => panel.innerText);
  await page.reload({ waitUntil: 'load' });
  found.again = await whole(page);
  return { ...found, problems };
});
run.program.kill('SIGINT');
const [status] = await run.ended;
console.log(JSON.stringify({ ...seen, status }));
