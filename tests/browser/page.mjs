// A page in a real browser, for the scripts beside it, and what went wrong in it.

import puppeteer from 'puppeteer-core';

// `use(page, problems)` is given a page of the viewer at `url`. Whatever the
// page must never do ends up in `problems`.
export async function withPage(url, use) {
  const origin = new URL(url).origin;
  const browser = await puppeteer.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync',
    ],
  });
  try {
    const page = await browser.newPage();
    const problems = [];
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('dialog', (dialog) => { problems.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
    page.on('request', (request) => {
      const to = new URL(request.url());
      if (to.protocol !== 'data:' && to.origin !== origin) problems.push(`request to ${to.origin}`);
    });
    return await use(page, problems);
  } finally {
    await browser.close();
  }
}

// What the elements say that a selector finds.
export const text = (page, selector) => page.$$eval(selector, (all) => all.map((one) => one.innerText.trim()));
