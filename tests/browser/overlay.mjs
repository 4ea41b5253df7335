// Prints what the page of an overlay's run shows, as one line of JSON: the topology at moments,
// and the outages in the space-time diagram. The test beside it compares.
//
//   node overlay.mjs URL SECONDS … [PEER …]
//
// At each of the seconds the first peer is selected; `end` is the end of the run. With a folder
// in SCREENSHOTS it takes pictures.

import { camera, drawn, says, text, withPage } from './page.mjs';

const [url, ...given] = process.argv.slice(2);
const peers = given.filter((one) => one.startsWith('peer-'));
const seconds = given.filter((one) => !peers.includes(one));

const NOTE = '.topology .bar .note';

async function topologyAt(page, at) {
  const moment = at === 'end' ? '' : `&at=${Number(at) * 1e9}`;
  await page.goto('about:blank');
  await page.goto(`${url}#/topology?view=graph&axis=time&peer=${peers[0]}${moment}`, { waitUntil: 'load' });
  await page.waitForSelector('.edges.overlay');
  // The routes come after the links.
  await page.waitForFunction(() => [...document.querySelectorAll('.edges.overlay title')]
    .every((one) => one.textContent.includes('lead')));
  await says(page, NOTE, /component/);
  return {
    note: (await text(page, NOTE)).join(),
    links: await page.$$eval('.edges.overlay title', (all) => all.map((one) => one.textContent)),
    widths: await page.$$eval('.edges.overlay', (all) => all.map((one) => parseFloat(one.style.strokeWidth))),
    colours: await page.$$eval('.node', (all) => Object.fromEntries(all.map((one) => [
      one.querySelector('title').textContent.split(':')[0], one.style.getPropertyValue('--hue')]))),
    legend: await text(page, '.kinds li'),
    neighbours: await text(page, '.neighbours li'),
    degrees: (await text(page, '.topology .table .row')).map((row) => row.split(/\s+/).slice(0, 2)),
  };
}

// The outages of the links of a peer, once all of them have been looked into.
async function outagesOf(page, peer) {
  await page.evaluate((name) => { location.hash = `#/diagram?peer=${name}`; }, peer);
  await says(page, '.side h3', new RegExp(peer));
  await page.waitForFunction(() => [...document.querySelectorAll('.outages li')].every(({ innerText }) => (
    /Neither end noticed|Traffic flowed again|No route led|not known/.test(innerText))));
  return text(page, '.outages li');
}

const seen = await withPage(url, async (page, problems) => {
  const shoot = camera(page, process.env.SCREENSHOTS);
  await page.setViewport({ width: 1280, height: 800 });
  const topology = [];
  for (const at of seconds) {
    topology.push(await topologyAt(page, at));
    await shoot(`overlay-${at}`, 1280, 800);
  }
  await page.goto('about:blank');
  await page.goto(`${url}#/diagram`, { waitUntil: 'load' });
  await page.waitForSelector('canvas[data-steps]');
  const outages = {};
  for (const peer of peers) outages[peer] = await outagesOf(page, peer);
  await drawn(page);
  await shoot('overlay-outages', 1280, 800);
  return {
    topology, outages,
    description: await page.$eval('.canvas-box canvas', (one) => one.getAttribute('aria-label')),
    legend: await text(page, '.legend .mark-of'),
    problems,
  };
});
console.log(JSON.stringify(seen));
