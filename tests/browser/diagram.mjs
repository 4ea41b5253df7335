// Opens the space-time diagram in a real browser, does what a person does, and
// prints what the page shows as one line of JSON. The test beside it compares.
//
//   node diagram.mjs URL [FOLDER FOR SCREENSHOTS]

import { cutLine, plainStep } from './canvas.mjs';
import { camera, drawn, says, saysOther, text, withPage } from './page.mjs';

const [url, screenshots] = process.argv.slice(2);

const SAID = '.space-time > .unseen[role=status]';
const said = (page) => page.$eval(SAID, (one) => one.textContent);

// Drags the first peer's handle to the left. The picture may move between the look
// for the handle and the press of the button; then the drag misses it and moves the
// picture, and is repeated with the cut in sight again.
async function dragCut(page) {
  for (let tries = 1; ; tries += 1) {
    await page.focus('.canvas-box canvas');
    await page.keyboard.press('c');
    await drawn(page);
    const from = await cutLine(page);
    await page.mouse.move(from.x, from.y);
    await page.mouse.down();
    await page.mouse.move(from.x - 80, from.y, { steps: 4 });
    await page.mouse.up();
    try {
      return await page.waitForFunction(() => document.querySelector('.cut-panel h3')?.textContent.trim()
        === 'My cut', { timeout: 10_000 });
    } catch (error) {
      if (tries === 6) throw error;
    }
  }
}

// Presses a key, and returns the announcement of the step that it leads to.
async function press(page, key) {
  const before = await said(page);
  await page.keyboard.press(key);
  return saidAfter(page, before);
}

async function saidAfter(page, before) {
  await saysOther(page, SAID, before);
  return said(page);
}

const click = (page, selector, name) => page.$$eval(selector, (all, wanted) => {
  all.find((one) => one.innerText.trim() === wanted).click();
}, name);

// The cut as the page shows it: the verdict, the count, and each channel with
// its messages.
const cutOf = (page) => page.$eval('.cut-panel', (panel) => ({
  title: panel.querySelector('h3').innerText,
  verdict: panel.querySelector('.verdict').innerText.trim(),
  total: panel.querySelector('.flying h4').innerText,
  channels: [...panel.querySelector('.flying').querySelectorAll('.channels > li')].map((channel) => ({
    channel: channel.querySelector('.channel').innerText.trim().replace(/\s+/g, ' '),
    messages: [...channel.querySelectorAll('.ref')].map((one) => one.innerText.trim()),
  })),
}));

// Puts all steps of a peer before the cut, by number, without a mouse.
async function moveToEnd(page, peer) {
  await click(page, '.cut-panel summary', 'Where it meets each peer');
  await page.$$eval('.points li', (all, name) => {
    const input = all.find((one) => one.innerText.includes(name)).querySelector('input');
    input.value = input.max;
    input.dispatchEvent(new Event('change', { bubbles: true }));
  }, peer);
  await says(page, '.cut-panel h3', /^My cut$/);
}

// Clicks down the middle of the picture until each peer's line was met.
async function placeCut(page) {
  await click(page, '.tools button', 'Place a cut');
  const box = await (await page.$('.canvas-box canvas')).boundingBox();
  const placing = () =>
    page.$$eval('.tools button', (all) => all.some((one) => one.innerText.trim() === 'Stop placing'));
  for (let y = 36; y < box.height && await placing(); y += 10) {
    await page.mouse.click(box.x + box.width / 2, box.y + y);
    await drawn(page);
  }
}

const seen = await withPage(url, async (page, problems) => {
  const shoot = camera(page, screenshots);
  await page.setViewport({ width: 1280, height: 720 });
  await page.goto(url, { waitUntil: 'load' });
  await page.waitForSelector('canvas[data-steps]');
  const cuts = await page.evaluate(() => fetch('/api/cuts').then((answer) => answer.json())
    .then((body) => body.cuts));
  const runsWithCut = cuts.length > 0;
  if (runsWithCut) await page.waitForSelector('.cut-panel .flying');
  const found = {
    head: (await text(page, 'header.run')).join(' '),
    views: await text(page, '.nav a'),
    description: await page.$eval('canvas', (one) => one.getAttribute('aria-label')),
    steps: Number(await page.$eval('canvas', (one) => one.dataset.steps)),
    kinds: await text(page, '.legend .kind'),
    cuts, cut: runsWithCut ? await cutOf(page) : null,
  };
  await shoot('diagram');

  // The keyboard alone: to a step in sight, on in causal order, along messages.
  await page.focus('.canvas-box canvas');
  found.said = [await press(page, 'ArrowRight'), await press(page, 'ArrowRight'),
    await press(page, 'ArrowLeft')];
  await page.waitForSelector('.side .diff, .side h4 + .note');
  found.details = (await text(page, '.side section')).at(0);
  found.legend = await text(page, '.legend .mark-of');
  found.address = new URL(page.url()).hash;
  await shoot('past-and-future');

  // The address names what is shown, and the trace is one click away.
  const address = page.url();
  await page.goto('about:blank');
  await page.goto(address, { waitUntil: 'load' });
  await page.waitForFunction((status, last) => document.querySelector(status)?.textContent === last, {}, SAID,
    found.said.at(-1));
  await click(page, '.nav a', 'Traces');
  await page.waitForSelector('.waterfall [role=treeitem][aria-selected=true]');
  found.inTrace = (await text(page, '.waterfall [aria-selected=true]')).join(' ');
  await click(page, '.nav a', 'Space-time');
  await page.waitForSelector('canvas[data-steps]');
  found.selectionKept = await said(page) === found.said.at(-1);
  await page.focus('.canvas-box canvas');
  await press(page, 'Escape');

  // The mouse: a click selects as well.
  const dot = await plainStep(page);
  await page.mouse.click(dot.x, dot.y);
  found.clicked = await saidAfter(page, '');
  found.clickedAddress = new URL(page.url()).hash;
  await page.focus('.canvas-box canvas');
  await press(page, 'Escape');

  // The search, and the table of what is in sight.
  await page.type('#search', 'peer-00');
  await says(page, '.search .note', /step/);
  found.search = (await text(page, '.search .note'))[0];
  await page.$eval('#search',
    (one) => { one.value = ''; one.dispatchEvent(new Event('input', { bubbles: true })); });
  await click(page, '.tools button', 'Table');
  await page.waitForSelector('.sight tbody tr');
  found.table = (await text(page, '.sight tbody tr')).length;
  await click(page, '.tools button', 'Table');
  await page.waitForSelector('canvas[data-steps]');

  if (runsWithCut) {
    // The mouse drags the first peer's handle to the left. Then all steps of a peer are put
    // before the cut by number, also those that received messages sent after it.
    // At the handle's upper end, where no step of the row is near enough.
    await dragCut(page);
    found.dragged = await cutOf(page);
    await click(page, '.cut-panel button', 'Back to the recorded snapshot');
    await saysOther(page, '.cut-panel h3', 'My cut');
    const receiver = found.cut.channels[0]?.channel.split(' → ')[1];
    if (receiver) {
      await moveToEnd(page, receiver);
      await page.waitForSelector('.verdict.bad');
      found.moved = await cutOf(page);
      await shoot('inconsistent');
    }
  } else {
    await placeCut(page);
    await page.waitForSelector('.verdict.good, .verdict.bad');
    found.placed = await cutOf(page);
  }

  // Dark, by the button.
  const back = () => page.$eval('html', (one) => getComputedStyle(one).backgroundColor);
  const light = await back();
  await page.click('.scheme[title^="Switch"]');
  found.darkDiffers = await back() !== light;
  found.images = await page.$$eval('img', (all) => all.length);
  return { ...found, problems };
});
console.log(JSON.stringify(seen));
