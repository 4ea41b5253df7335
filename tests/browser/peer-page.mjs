// A libp2p peer in a page: js-libp2p over WebSockets, with the channel protocol of the testbed.
// `peer.mjs` bundles it, and calls `window.peer` in a real browser.

import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2';
import { identify } from '@libp2p/identify';
import { ping } from '@libp2p/ping';
import { webSockets } from '@libp2p/websockets';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';

import { accept, open } from './channel.mjs';
import { Member } from './hub.mjs';
import { field, message, read, string, utf8 } from './protobuf.mjs';

// How long anything may take, in ms.
const PATIENCE = 60_000;

// Starts a peer, and calls `receive(envelope, peer)` with what others send to it.
async function start(receive) {
  const libp2p = await createLibp2p({
    transports: [webSockets(), circuitRelayTransport()],
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

// PING is field 1 of the message, PONG is field 2: `{ uint64 id = 1; bytes data = 2; }`.
const pingOf = (id, data) => message([field.message(1, [field.uint(1, id), field.bytes(2, utf8(data))])]);

// What is told of a PONG.
function told({ envelope, from }) {
  const pong = read(read(envelope.payload).get(2));
  return {
    from: from.toString(),
    kind: envelope.kind,
    id: Number(pong.get(1)),
    data: string(pong.get(2)),
  };
}

// Fails when the time is over.
function within(promise, signal) {
  const { promise: late, reject } = Promise.withResolvers();
  signal.addEventListener('abort', () => reject(new Error(`no answer within ${PATIENCE} ms`)));
  return Promise.race([promise, late]);
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
    await channel.send('PING', pingOf(7, data));
    const answer = await within(answered, signal);
    await channel.close();
    return {
      peer: connection.remotePeer.toString(),
      transport: connection.remoteAddr.toString(),
      ms,
      ...told(answer),
    };
  } finally {
    await libp2p.stop();
  }
}

// The relay of a hub learns of a session a moment later than the peer.
async function dialAgain(libp2p, address, signal) {
  for (let pause = 50; ; pause *= 2) {
    try {
      return await libp2p.dial(address, { signal });
    } catch (error) {
      if (signal.aborted || pause > 1000) throw error;
      await new Promise((done) => { setTimeout(done, pause); });
    }
  }
}

// Registers at a hub, asks another peer over it, and sends that a PING over a circuit of the hub.
async function join(address, other, data) {
  const signal = AbortSignal.timeout(PATIENCE);
  const { promise: answered, resolve } = Promise.withResolvers();
  let member;
  const libp2p = await start((envelope, from) => {
    if (from.toString() === member?.hub) member.receive(envelope.payload);
    else resolve({ envelope, from });
  });
  try {
    const connection = await libp2p.dial(multiaddr(address), { signal });
    const [me, hub] = [libp2p.peerId.toString(), connection.remotePeer.toString()];
    member = new Member({ me, hub, channel: await open(connection) });
    const session = await within(member.register(), signal);
    await within(member.stay(), signal);
    const { nodes } = await within(member.ask('FIND', { target: 0 }), signal);
    const called = await within(member.ask('CALL', { peer: other, data: new Uint8Array() }), signal);
    const refused = await within(member.ask('FORWARD', { peer: hub, data: utf8(data) }), signal)
      .catch((error) => error.message);
    const circuit = await dialAgain(libp2p, multiaddr(`${address}/p2p-circuit/p2p/${other}`), signal);
    const channel = await open(circuit);
    await channel.send('PING', pingOf(7, data));
    const answer = await within(answered, signal);
    await channel.close();
    return {
      me,
      epoch: Number(session.epoch),
      nodes,
      card: string(called.data),
      refused,
      circuit: circuit.remoteAddr.toString(),
      // A connection over a relay carries so many bytes.
      limit: Number(circuit.limits.bytes),
      ...told(answer),
    };
  } finally {
    await libp2p.stop();
  }
}

window.peer = { start, visit, join };
