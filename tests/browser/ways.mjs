// Prints what the topology of the page at an address shows of how connections came about, as
// one line of JSON.
//
//   node ways.mjs http://127.0.0.1:8080 [peer]
//
// The peer is selected. With a folder in SCREENSHOTS it takes a picture.

import { camera, drawn, text, withPage } from './page.mjs';

const [address, peer] = process.argv.slice(2);

const seen = await withPage(address, async (page, problems, url) => {
  const shoot = camera(page, process.env.SCREENSHOTS);
  await page.goto(`${url}#/topology?view=graph${peer ? `&peer=${peer}` : ''}`);
  await page.waitForSelector('.edges.way');
  await drawn(page);
  await shoot('ways', 1280, 1000);
  return {
    note: (await text(page, '.topology .bar .note')).join(),
    lines: await page.$$eval('.edges.way title', (all) => all.map((one) => one.textContent)),
    legend: await text(page, '.kinds li'),
    neighbours: (await text(page, '.neighbours')).join(),
    problems,
  };
});
console.log(JSON.stringify(seen));
