// Opens the results of a run in a real browser, does what a person does, and
// prints what the page shows as one line of JSON. The test beside it compares.
//
//   node results.mjs URL [FOLDER FOR SCREENSHOTS]

import { drawn, text, withPage } from './page.mjs';

const [url, screenshots] = process.argv.slice(2);
const flat = (all) => all.map((one) => one.replace(/\s+/g, ' '));

// Nothing may stick out of the page, at a phone's width either.
const WIDE = [[1280, 'light'], [1280, 'dark'], [390, 'light'], [390, 'dark']];

async function shoot(page) {
  const sticksOut = [];
  for (const [width, scheme] of WIDE) {
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
    await page.setViewport({ width, height: 800 });
    await drawn(page);
    const out = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (out > 0) sticksOut.push(`${width} px: ${out}`);
    const inner = await page.$eval('.results', (results) => results.scrollWidth - results.clientWidth);
    if (inner > 0) sticksOut.push(`${width} px, results: ${inner}`);
    if (!screenshots) continue;
    // All of it in one picture.
    const more = await page.$eval('.results', (all) => all.scrollHeight - all.clientHeight);
    await page.setViewport({ width, height: 800 + more });
    await drawn(page);
    await page.screenshot({ path: `${screenshots}/results-${width}-${scheme}.png` });
  }
  return sticksOut;
}

const seen = await withPage(url, async (page, problems) => {
  await page.setViewport({ width: 1280, height: 800 });
  await page.goto(`${url.split('#')[0]}#/results`, { waitUntil: 'load' });
  await page.waitForSelector('.measures tbody tr');
  await page.waitForSelector('#host-use');
  await page.waitForSelector('.plots canvas');
  // results.csv follows host.csv. The stream of events stays open.
  await page.waitForNetworkIdle({ idleTime: 1000, concurrency: 1 });
  await drawn(page);
  const found = {
    headings: await text(page, '.results h3, .results h4'),
    measures: flat(await text(page, '.measures tbody tr')),
    lost: flat(await text(page, '.measures td.bad')),
    charts: await page.$$eval('.plot .canvas', (all) => all.map((chart) => chart.getAttribute('aria-label'))),
    notes: flat(await text(page, '.plot .note')),
    host: flat(await text(page, '#host-use, #host-use ~ p')),
    visitors: flat(await text(page, '#visitors ~ *')),
  };
  // The numbers of every plot open with the keyboard.
  for (const summary of await page.$$('.numbers summary')) {
    await summary.focus();
    await page.keyboard.press('Enter');
  }
  await drawn(page);
  found.numbers = await page.$$eval('.numbers[open]', (all) => all.map((one) => ({
    title: one.querySelector('summary').innerText,
    rows: [...one.querySelectorAll('tbody tr')].map((row) => [...row.cells].map((cell) => cell.innerText)),
  })));
  for (const summary of await page.$$('.numbers summary')) await summary.click();
  found.sticksOut = await shoot(page);
  return { ...found, images: await page.$$eval('img', (all) => all.length), problems };
});
console.log(JSON.stringify(seen));
