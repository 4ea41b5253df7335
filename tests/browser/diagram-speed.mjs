// Measures the space-time diagram with a made-up run of 100,000 steps and
// 300,000 messages, in a real browser, and prints one line of JSON:
//
//   node diagram-speed.mjs URL
//
//   opened_ms     from the answers' arrival until all of it is drawn
//   frames_per_second, slowest_ms   while the fitted picture, one at the first
//                 hundredth, and one with a step selected are dragged to and fro
//
// The page is that of a server with any run; only its answers are replaced.

import { TABLES } from '../../dashboards/viewer/answer-tables.js';
import { drawn, withPage } from './page.mjs';

const [url] = process.argv.slice(2);

// Runs in the page before anything else: answers of 50,000 steps each, as the
// server cuts them. 100 peers; each step handles a message or a timer and sends three
// messages, of which one arrives, and every twentieth has an output. A linear congruential
// generator makes each run the same.
function pretend(TABLES) {
  const [PEERS, STEPS, PIECE, SENDS, EACH] = [100, 100_000, 50_000, 3, 20];
  let seed = 7;
  const random = (below) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const hex = (number) => number.toString(16).padStart(16, '0');
  const peers = Array.from({ length: PEERS }, (_, i) => `peer-${String(i).padStart(2, '0')}`);
  const number = new Array(PEERS).fill(0);
  const waiting = peers.map(() => []);
  const steps = [];
  const sends = [];
  const outputs = [];
  for (let s = 0; s < STEPS; s += 1) {
    const peer = random(PEERS);
    const [from, id] = waiting[peer].shift() ?? [-1, ''];
    number[peer] += 1;
    const [kind, sequence] = from < 0 ? [0, -1] : [1, s];
    const timer = from < 0 ? 'Tick' : '';
    steps.push([peer, kind, number[peer], s * 10_000, 5_000, 0, hex(s + 1), from, id, sequence, timer]);
    if (s % EACH === 0) outputs.push([s, 2, `number=${s}`]);
    for (let i = 0; i < SENDS; i += 1) {
      const to = (peer + 1 + random(PEERS - 1)) % PEERS;
      sends.push([s, to, 1, hex(sends.length + 1), `id=${s}/${i} amount=${random(10)}`, 0]);
      if (i === 0) waiting[to].push([peer, hex(sends.length)]);
    }
  }
  const table = { base: '1577836800000000000', peers, kinds: ['timer', 'TRANSFER', 'Done'],
    traces: ['1'.repeat(32)] };
  const columns = (name, rows) => Object.fromEntries(
    Object.keys(TABLES[name]).map((column, place) => [column, rows.map((row) => row[place])]),
  );
  const answers = new Map();
  for (let after = 0; after <= STEPS; after += PIECE) {
    const end = Math.min(STEPS, after + PIECE);
    answers.set(String(after), JSON.stringify({
      ...table, next: end, left: STEPS - end, more: end < STEPS,
      steps: columns('steps', steps.slice(after, end)),
      sends: columns('sends', sends.slice(after * SENDS, end * SENDS)
        .map(([s, ...send]) => [s - after, ...send])),
      outputs: columns('outputs', outputs.filter(([s]) => s >= after && s < end)
        .map(([s, ...output]) => [s - after, ...output])),
      losses: columns('losses', []),
    }));
  }
  const real = window.fetch;
  window.fetch = async (address, options) => {
    const { pathname, searchParams } = new URL(address, location.href);
    if (pathname === '/api/cuts') return new Response('{"cuts":[]}');
    if (pathname.startsWith('/api/spans/')) return new Response('{"result":{"resourceSpans":[]}}');
    if (pathname !== '/api/diagram') return real(address, options);
    window.asked ??= performance.now();
    return new Response(answers.get(searchParams.get('after')));
  };
  const look = () => {
    if (Number(document.querySelector('canvas')?.dataset.steps) === STEPS) window.drawn = performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

// Drags to and fro for two seconds and a bit, and times the frames.
async function drag(page) {
  const box = await (await page.$('.canvas-box canvas')).boundingBox();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.evaluate(() => {
    window.frames = [];
    let last = performance.now();
    window.tick = (now) => {
      window.frames.push(now - last);
      last = now;
      window.ticking = requestAnimationFrame(window.tick);
    };
    window.ticking = requestAnimationFrame(window.tick);
  });
  await page.mouse.move(x, y);
  await page.mouse.down();
  for (let i = 0; i < 120; i += 1) {
    await page.mouse.move(x + Math.sin(i / 10) * 200, y + Math.sin(i / 15) * 60);
  }
  await page.mouse.up();
  return page.evaluate(() => {
    cancelAnimationFrame(window.ticking);
    const frames = window.frames.slice(1);
    const total = frames.reduce((sum, one) => sum + one, 0);
    return {
      frames: frames.length, frames_per_second: Math.round((1000 * frames.length) / total),
      slowest_ms: Math.round(Math.max(...frames)),
    };
  });
}

const key = async (page, name, times = 1) => {
  await page.focus('.canvas-box canvas');
  for (let i = 0; i < times; i += 1) await page.keyboard.press(name);
  await drawn(page);
};

console.log(JSON.stringify(await withPage(url, async (page, problems) => {
  await page.setViewport({ width: 1280, height: 720 });
  await page.evaluateOnNewDocument(pretend, TABLES);
  await page.goto(url, { waitUntil: 'load' });
  const opened = await page.waitForFunction(() => window.drawn && window.drawn - window.asked);
  const opened_ms = Math.round(await opened.jsonValue());
  const fitted = await drag(page);
  await key(page, '+', 12);
  const near = await drag(page);
  await key(page, 'ArrowRight');
  const selected = await drag(page);
  const steps = await page.$eval('.canvas-box canvas', (canvas) => Number(canvas.dataset.steps));
  return { drawn: steps, messages: 300_000, opened_ms, fitted, near,
    selected, problems };
})));
