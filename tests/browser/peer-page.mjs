// A libp2p peer in a page: js-libp2p over WebSockets, with the channel protocol of the testbed.
// `peer.mjs` bundles it, and calls `window.peer` in a real browser.

import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import { identify } from '@libp2p/identify';
import { ping } from '@libp2p/ping';
import { webSockets } from '@libp2p/websockets';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';

import { accept, open } from './channel.mjs';
import { field, message, read, string, utf8 } from './protobuf.mjs';

// How long anything may take, in ms.
const PATIENCE = 60_000;

// Starts a peer, and calls `receive(envelope, peer)` with what others send to it.
async function start(receive) {
  const libp2p = await createLibp2p({
    transports: [webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    // In a page js-libp2p dials neither loopback nor WebSockets without TLS by default.
    connectionGater: { denyDialMultiaddr: () => false },
    // A node answers two ping streams for each peer, and `ping` needs one.
    connectionMonitor: { enabled: false },
    services: { identify: identify(), ping: ping() },
  });
  await accept(libp2p, receive);
  return libp2p;
}

// Dials a testbed-node, pings it over libp2p's own protocol, and sends it a PING over a channel.
async function visit(address, data) {
  const signal = AbortSignal.timeout(PATIENCE);
  const { promise: answered, resolve } = Promise.withResolvers();
  const libp2p = await start((envelope, from) => resolve({ envelope, from }));
  try {
    const connection = await libp2p.dial(multiaddr(address), { signal });
    const ms = await libp2p.services.ping.ping(connection.remotePeer, { signal });
    const channel = await open(connection);
    // PING is field 1 of the message, PONG is field 2: `{ uint64 id = 1; bytes data = 2; }`.
    await channel.send('PING', message([field.message(1, [field.uint(1, 7), field.bytes(2, utf8(data))])]));
    signal.addEventListener('abort', () => resolve(undefined));
    const answer = await answered;
    if (!answer) throw new Error(`no PONG within ${PATIENCE} ms`);
    await channel.close();
    const pong = read(read(answer.envelope.payload).get(2));
    return {
      peer: connection.remotePeer.toString(),
      transport: connection.remoteAddr.toString(),
      ms,
      from: answer.from.toString(),
      kind: answer.envelope.kind,
      id: Number(pong.get(1)),
      data: string(pong.get(2)),
    };
  } finally {
    await libp2p.stop();
  }
}

window.peer = { start, visit };
