// A page in a real browser is a libp2p peer of a testbed-node. The arguments: the address of the
// node, which listens on WebSockets, and, where that is a hub, the PeerId of another peer that the
// page pings over it. Prints one line of JSON: what the page found.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

import { withPage } from './page.mjs';

const [address, other] = process.argv.slice(2);

// The page's module with all that it imports, as a browser takes it.
async function bundle() {
  const { outputFiles: [{ contents }] } = await build({
    entryPoints: [fileURLToPath(new URL('peer-page.mjs', import.meta.url))],
    bundle: true,
    format: 'esm',
    write: false,
    logLevel: 'error',
  });
  return contents;
}

const script = await bundle();
const server = createServer((request, response) => {
  const isScript = request.url === '/peer.js';
  response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
  response.end(isScript
    ? script
    : '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/peer.js"></script>');
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
try {
  await withPage(`http://127.0.0.1:${server.address().port}/`, async (page, problems, url) => {
    await page.goto(url);
    await page.waitForFunction(() => window.peer);
    const found = await page.evaluate((to, peer, data) => (
      peer ? window.peer.join(to, peer, data) : window.peer.visit(to, data)
    ), address, other, 'hello from a page');
    console.log(JSON.stringify({ problems, found }));
  });
} finally {
  server.close();
}
