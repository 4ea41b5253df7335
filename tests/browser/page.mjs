// A page in a real browser, for the scripts beside it, and what went wrong in it.

import puppeteer from 'puppeteer-core';

// The timeout of every wait, in ms: longer than a busy machine takes.
const PATIENCE = 120_000;

// Calls `use(page, problems, url)` with an empty page, for the viewer at `url`.
// `problems` collects what a page must never do. `address` is that URL, or a
// function that returns it once the browser runs.
export async function withPage(address, use) {
  const browser = await puppeteer.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium-headless-shell',
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync',
    ],
  });
  try {
    const url = typeof address === 'function' ? await address() : address;
    const { origin } = new URL(url);
    const page = await browser.newPage();
    page.setDefaultTimeout(PATIENCE);
    const problems = [];
    page.on('console', (message) => message.type() === 'error'
      && problems.push(`${message.text()} ${message.location().url ?? ''}`));
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('dialog', (dialog) => { problems.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
    page.on('request', (request) => {
      const to = new URL(request.url());
      if (to.protocol !== 'data:' && to.origin !== origin) problems.push(`request to ${to.origin}`);
    });
    return await use(page, problems, url);
  } finally {
    await browser.close();
  }
}

// The texts of the elements that a selector finds.
export const text = (page, selector) =>
  page.$$eval(selector, (all) => all.map((one) => one.innerText.trim()));

// Waits until the text of the first element that a selector finds matches. A missing
// element must not throw: a condition that throws is not evaluated again.
export const says = (page, selector, pattern) => page.waitForFunction((wanted, source) => new RegExp(source)
  .test(document.querySelector(wanted)?.textContent.trim() ?? ''), {}, selector, pattern.source);

// Waits until that text differs from `before`; it may be empty.
export const saysOther = (page, selector, before) => page.waitForFunction((wanted, last) => {
  const found = document.querySelector(wanted);
  return found && found.textContent.trim() !== last;
}, {}, selector, before);

// Waits until a change is drawn: a picture follows a change by one frame, and the
// consequences of the change by another.
export const drawn = (page) => page.evaluate(() => new Promise((done) => {
  requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(done)));
}));

// Takes a screenshot of this size, if there is a folder for it.
export const camera = (page, folder) => async (name, width = 1280, height = 720) => {
  if (!folder) return;
  await page.setViewport({ width, height, deviceScaleFactor: 1 });
  await page.waitForFunction((wide) => innerWidth === wide, {}, width);
  await drawn(page);
  await page.screenshot({ path: `${folder}/${name}.png` });
};
