// Opens the viewer in a real browser, does what a person does, and prints what
// the page shows as one line of JSON. The test beside it compares.
//
//   node viewer.mjs URL [FOLDER FOR SCREENSHOTS]

import { camera, text as textOf, withPage } from './page.mjs';

const [url, screenshots] = process.argv.slice(2);

await withPage(url, async (page, problems) => {
  const shoot = camera(page, screenshots);
  const text = (selector) => textOf(page, selector);

  // The address changes as soon as something is drawn, and is followed.
  const early = await page.evaluateOnNewDocument(() => {
    const look = new MutationObserver(() => {
      if (!document.querySelector('.nav')) return;
      look.disconnect();
      location.hash = '#/traces';
    });
    look.observe(document, { childList: true, subtree: true });
  });
  await page.goto(url, { waitUntil: 'load' });
  await page.waitForSelector('.traces tbody tr');
  await page.removeScriptToEvaluateOnNewDocument(early.identifier);

  await page.goto('about:blank');
  await page.goto(new URL('#/traces', url).href, { waitUntil: 'load' });
  await page.waitForSelector('.traces tbody tr');
  const head = (await text('header.run')).join(' ');
  const traces = await text('.traces tbody tr td.c0 a');
  const banners = await text('.banner');

  // The keyboard alone: to the link of the operation's trace, into it, and along its spans.
  await page.$$eval('.traces td.c0 a', (links) => (
    links.find((link) => /^(ping|snapshot)/.test(link.innerText)) ?? links[0]).focus());
  await page.keyboard.press('Enter');
  await page.waitForSelector('.waterfall [role=treeitem]');
  const rows = await text('.waterfall [role=treeitem]');
  await page.focus('.waterfall');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.waitForSelector('.details');
  const details = (await text('.details')).join(' ');
  await shoot('trace');
  const address = page.url();

  // The address names what is shown.
  await page.goto('about:blank');
  await page.goto(address, { waitUntil: 'load' });
  await page.waitForSelector('.details');
  const again = (await text('.details')).join(' ');

  // A click closes the details.
  await page.click('.details button');
  await page.waitForFunction(() => !document.querySelector('.details'));

  console.log(JSON.stringify({
    head, traces, banners, rows, details, linkShowsTheSame: again === details,
    images: await page.$$eval('img', (all) => all.length), problems,
  }));
});
