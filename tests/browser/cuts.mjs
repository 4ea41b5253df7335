// Opens the space-time diagram of a run in a real browser, and prints what it says
// of the cut as one line of JSON: while the run is being read, and when it is read.
// The test beside it compares.
//
//   node cuts.mjs URL [ADDRESS BEHIND #] [FOLDER FOR SCREENSHOTS]

import { camera, says, text, withPage } from './page.mjs';

const [url, address = '', screenshots] = process.argv.slice(2);

// Runs in the page before anything else. The first answer says that there is more
// to read, and what comes after it waits until it is let go.
function hold() {
  const waiting = new Promise((resolve) => { window.letGo = resolve; });
  const real = window.fetch;
  window.fetch = async (asked, options) => {
    const { pathname, searchParams } = new URL(asked, location.href);
    if (pathname !== '/api/diagram') return real(asked, options);
    if (searchParams.get('after') !== '0') await waiting;
    const answer = await (await real(asked, options)).json();
    return new Response(
      JSON.stringify({ ...answer, more: answer.more || searchParams.get('after') === '0' }));
  };
}

const panel = (page) => page.$eval('.space-time', (view) => ({
  title: view.querySelector('.cut-panel h3')?.innerText ?? null,
  // In the order in which they stand.
  verdicts: [...view.querySelectorAll('.cut-panel .verdict')].map((one) => ({
    look: one.className.replace('verdict', '').trim(), text: one.innerText.trim(),
  })),
  flying: [...view.querySelectorAll('.flying')].map((one) => ({
    missed: one.classList.contains('missed'), title: one.querySelector('h4').innerText, text: one.innerText,
  })),
  bad: [...view.querySelectorAll('.cut-panel .bad')].map((one) => one.innerText),
  banners: [...view.querySelectorAll('.banner')].map((one) => one.innerText),
  options: [...view.querySelectorAll('.tools select option')].map((one) => one.innerText),
}));

// The banners of another view, once the element of `selector` matches `named`.
async function elsewhere(page, to, selector, named) {
  await page.evaluate((address) => { location.hash = address; }, to);
  await says(page, selector, named);
  return text(page, 'main .banner');
}

const seen = await withPage(url, async (page, problems) => {
  const shoot = camera(page, screenshots);
  await page.setViewport({ width: 1280, height: 720 });
  await page.evaluateOnNewDocument(hold);
  await page.goto(`${url}#${address}`, { waitUntil: 'load' });
  await page.waitForSelector('canvas[data-steps]');
  await says(page, '.legend .seen', /reading on/);
  // The snapshots come in an answer of their own.
  const { length } = await page.evaluate(() => fetch('/api/cuts').then((answer) => answer.json())
    .then(({ cuts }) => cuts));
  const shown = () => length > 0 && page.waitForSelector('.cut-panel, .space-time .banner');
  if (length > 0 && !address) await shown();
  const reading = await panel(page);
  await page.evaluate(() => window.letGo());
  await page.waitForFunction(() => !document.querySelector('.legend .seen').innerText.includes('reading on'));
  await shown();
  const read = await panel(page);
  await shoot('cut');
  const head = (await text(page, 'header.run')).join(' ');
  await page.$eval('.more summary', (one) => one.click()).catch(() => {});
  const more = (await text(page, '.more .pairs')).join(' ');
  const trace = await page.evaluate(() => fetch('/api/v3/trace-summaries?query.searchDepth=1')
    .then((answer) => answer.json()).then(({ summaries }) => summaries[0].traceId));
  const unfound = {
    trace: await elsewhere(page, `#/trace/${trace}/span/0123456789abcdef`, '.trace .banner', /0123456789abcdef/),
    topology: await elsewhere(
      page, '#/topology?peer=peer-77&message=peer-00:77', '.topology .banner', /peer-77/),
  };
  return { reading, read, head, more, unfound, problems };
});
console.log(JSON.stringify(seen));
