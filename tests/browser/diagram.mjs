// Opens the space-time diagram in a real browser, does what a person does, and
// prints what the page shows as one line of JSON. The test beside it compares.
//
//   node diagram.mjs URL [FOLDER FOR SCREENSHOTS]

import { text, withPage } from './page.mjs';

const [url, screenshots] = process.argv.slice(2);

const said = (page) => page.$eval('.space-time > .unseen[role=status]', (one) => one.textContent);

// A key, and what is said of the step that it leads to.
async function press(page, key) {
  const before = await said(page);
  await page.keyboard.press(key);
  await page.waitForFunction((last) => document.querySelector('.space-time > .unseen[role=status]').textContent !== last, {}, before);
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

// Puts all steps of a peer before the cut, by number, as somebody without a
// mouse does.
async function moveToEnd(page, peer) {
  await click(page, '.cut-panel summary', 'Where it meets each peer');
  await page.$$eval('.points li', (all, name) => {
    const input = all.find((one) => one.innerText.includes(name)).querySelector('input');
    input.value = input.max;
    input.dispatchEvent(new Event('change', { bubbles: true }));
  }, peer);
  await page.waitForFunction(() => document.querySelector('.cut-panel h3').innerText === 'My cut');
}

// Where the cut's line is drawn in the first row, found by its colour, once it
// is.
async function handle(page) {
  const found = await page.waitForFunction(() => {
    const canvas = document.querySelector('.canvas-box canvas');
    const probe = document.createElement('i');
    probe.style.color = 'var(--cut)';
    canvas.parentElement.append(probe);
    const [red, green, blue] = getComputedStyle(probe).color.match(/\d+/g).map(Number);
    probe.remove();
    // The first row is in the middle between the head and the second one.
    const line = canvas.getContext('2d').getImageData(0, 32 * devicePixelRatio, canvas.width, 1).data;
    const near = (x, i, ink) => Math.abs(line[x * 4 + i] - ink) < 8;
    for (let x = 0; x < canvas.width; x += 1) {
      if (!near(x, 0, red) || !near(x, 1, green) || !near(x, 2, blue)) continue;
      const box = canvas.getBoundingClientRect();
      return { x: box.x + x / devicePixelRatio, y: box.y };
    }
    return null;
  });
  return found.jsonValue();
}

const seen = await withPage(url, async (page, problems) => {
  const shoot = async (name, width, height) => {
    if (!screenshots) return;
    await page.setViewport({ width, height, deviceScaleFactor: 2 });
    await page.waitForFunction((wide) => innerWidth === wide, {}, width);
    await page.screenshot({ path: `${screenshots}/${name}.png` });
  };
  await page.setViewport({ width: 1280, height: 720 });
  await page.goto(url, { waitUntil: 'load' });
  await page.waitForSelector('canvas[data-steps]');
  const runsWithCut = await page.evaluate(() => fetch('/api/cuts').then((r) => r.json()).then(({ cuts }) => cuts.length > 0));
  if (runsWithCut) await page.waitForSelector('.cut-panel');
  const found = {
    head: (await text(page, 'header.run')).join(' '),
    views: await text(page, '.nav a'),
    description: await page.$eval('canvas', (one) => one.getAttribute('aria-label')),
    steps: Number(await page.$eval('canvas', (one) => one.dataset.steps)),
    kinds: await text(page, '.legend .kind'),
    cut: runsWithCut ? await cutOf(page) : null,
  };
  await shoot('diagram', 1280, 720);

  // The keyboard alone: to a step in sight, on in causal order, along messages.
  await page.focus('.canvas-box canvas');
  found.said = [await press(page, 'ArrowRight'), await press(page, 'ArrowRight'), await press(page, 'ArrowLeft')];
  await page.waitForSelector('.side .diff, .side h4 + .note');
  found.details = (await text(page, '.side section')).at(0);
  found.legend = await text(page, '.legend .mark-of');
  found.address = new URL(page.url()).hash;
  await shoot('past-and-future', 1280, 720);

  // The address names what is shown, and the trace is one click away.
  const address = page.url();
  await page.goto('about:blank');
  await page.goto(address, { waitUntil: 'load' });
  await page.waitForFunction((last) => document.querySelector('.space-time > .unseen[role=status]')?.textContent === last, {}, found.said.at(-1));
  await click(page, '.nav a', 'Traces');
  await page.waitForSelector('.waterfall [role=treeitem][aria-selected=true]');
  found.inTrace = (await text(page, '.waterfall [aria-selected=true]')).join(' ');
  await click(page, '.nav a', 'Space-time');
  await page.waitForSelector('canvas[data-steps]');
  found.selectionKept = await said(page) === found.said.at(-1);
  await page.focus('.canvas-box canvas');
  await press(page, 'Escape');

  // The search, and the table of what is in sight.
  await page.type('#search', 'peer-00');
  await page.waitForFunction(() => /step/.test(document.querySelector('.search .note')?.innerText));
  found.search = (await text(page, '.search .note'))[0];
  await page.$eval('#search', (one) => { one.value = ''; one.dispatchEvent(new Event('input', { bubbles: true })); });
  await click(page, '.tools button', 'Table');
  await page.waitForSelector('.sight tbody tr');
  found.table = (await text(page, '.sight tbody tr')).length;
  await click(page, '.tools button', 'Table');
  await page.waitForSelector('canvas[data-steps]');

  if (runsWithCut) {
    // The mouse: the first peer's handle to the right; then by number, all steps
    // of a peer before the cut, and what they received from behind it.
    await page.focus('.canvas-box canvas');
    await page.keyboard.press('c');
    const from = await handle(page);
    await page.mouse.move(from.x, from.y + 42);
    await page.mouse.down();
    await page.mouse.move(from.x - 80, from.y + 42, { steps: 4 });
    await page.mouse.up();
    await page.waitForFunction(() => document.querySelector('.cut-panel h3').innerText === 'My cut');
    found.dragged = await cutOf(page);
    await click(page, '.cut-panel button', 'Back to the recorded snapshot');
    await page.waitForFunction((last) => document.querySelector('.cut-panel h3').innerText === last, {}, found.cut.title);
    const receiver = found.cut.channels[0]?.channel.split(' → ')[1];
    if (receiver) {
      await moveToEnd(page, receiver);
      await page.waitForSelector('.verdict.bad');
      found.moved = await cutOf(page);
      await shoot('inconsistent', 1280, 720);
    }
  }

  // Dark, by the button.
  const back = () => page.$eval('html', (one) => getComputedStyle(one).backgroundColor);
  const light = await back();
  await page.click('.scheme');
  found.darkDiffers = await back() !== light;
  found.images = await page.$$eval('img', (all) => all.length);
  return { ...found, problems };
});
console.log(JSON.stringify(seen));
