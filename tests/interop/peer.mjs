// js-libp2p peers that connect to a testbed-node and try its protocols. The
// arguments: the node's address, a gossipsub topic that it subscribes to, and a
// PING of the channel protocol as a frame in hexadecimal. Prints one line of JSON
// for each check on standard output, in the order in which they are made. Any
// failure ends it with another exit status than 0.

import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { setTimeout as delay } from 'node:timers/promises'

const DEADLINE_MS = 60_000
const CHANNEL = '/testbed/channel/1.0.0'
const [address, topic, frame] = process.argv.slice(2)

setTimeout(() => { throw new Error(`not done within ${DEADLINE_MS} ms`) }, DEADLINE_MS).unref()

const tell = (check, found) => console.log(JSON.stringify({ check, ...found }))
const text = (bytes) => new TextDecoder().decode(bytes)
const bytes = (string) => new TextEncoder().encode(string)

// Resolves with what `pick` makes of the first event that it takes.
function event (target, name, pick) {
  return new Promise((resolve) => {
    const listener = ({ detail }) => {
      const picked = pick(detail)
      if (picked !== undefined) {
        target.removeEventListener(name, listener)
        resolve(picked)
      }
    }
    target.addEventListener(name, listener)
  })
}

function start () {
  return createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    // It pings at regular intervals. A node answers two ping streams for each peer,
    // and the checks need them.
    connectionMonitor: { enabled: false },
    services: {
      identify: identify(),
      ping: ping(),
      pubsub: gossipsub(),
      dht: kadDHT({
        protocol: '/ipfs/kad/1.0.0',
        clientMode: false,
        // Loopback addresses are the only ones here.
        peerInfoMapper: passthroughMapper,
        validators: { testbed: async () => {} },
        selectors: { testbed: () => 0 }
      })
    }
  })
}

// Connects, and waits until both sides know each other's protocols.
async function meet (peer) {
  const identified = event(peer, 'peer:identify', (found) => found)
  // The table pings the node and takes it in once it knows that it is a server.
  const inTable = event(peer.services.dht.routingTable, 'peer:add', (id) => id)
  const connection = await peer.dial(multiaddr(address))
  const { peerId, agentVersion, protocolVersion, protocols, listenAddrs } = await identified
  await inTable
  return {
    node: connection.remotePeer,
    found: {
      peer: peerId.toString(),
      agentVersion,
      protocolVersion,
      protocols,
      addresses: listenAddrs.map(String)
    }
  }
}

const [one, other] = [await start(), await start()]
const { node, found } = await meet(one)
tell('identify', found)

tell('ping', { ms: await one.services.ping.ping(node) })

// A frame on a channel to the node, and the answer on the node's own channel. The
// answer is complete when it is longer than the length in its first byte.
const answer = new Promise((resolve) => one.handle(CHANNEL, async (stream) => {
  let all = Buffer.alloc(0)
  for await (const part of stream) {
    all = Buffer.concat([all, part.subarray()])
    if (all.length > all[0]) return resolve(all.toString('hex'))
  }
}))
const channel = await one.getConnections(node)[0].newStream(CHANNEL)
channel.send(Buffer.from(frame, 'hex'))
tell('channel', { answer: await answer })
await channel.close()

// Only the node knows the other peer, and returns it to the first one.
await meet(other)
const closest = new Set()
for await (const step of one.services.dht.getClosestPeers(other.peerId.toMultihash().bytes)) {
  if (step.name === 'PEER_RESPONSE' && step.from.equals(node)) {
    step.closer.forEach(({ id }) => closest.add(id.toString()))
  }
}
tell('closest', { other: other.peerId.toString(), found: [...closest] })

// A value for the node's store: see the end.
const key = bytes('/testbed/a key')
const stored = []
for await (const step of one.services.dht.put(key, bytes('a value'))) {
  if (step.name === 'PEER_RESPONSE' && step.messageName === 'PUT_VALUE') {
    stored.push(step.from.toString())
  }
}
tell('put', { stored })

// Both are neighbours of the node alone, so what one publishes reaches the
// other through it.
for (const { services: { pubsub } } of [one, other]) {
  const grafted = event(pubsub, 'gossipsub:graft', (graft) =>
    graft.topic === topic && graft.peerId === node.toString() ? graft : undefined)
  pubsub.subscribe(topic)
  await grafted
}
tell('mesh', { peers: one.services.pubsub.getMeshPeers(topic) })

const message = event(other.services.pubsub, 'gossipsub:message', (message) => message)
// A GRAFT states that one side wants the other in its mesh. Until the other side
// agrees, a message may not be forwarded, so another one is published.
let heard
message.then((it) => { heard = it })
while (!heard) {
  await one.services.pubsub.publish(topic, bytes('hello from js'))
  await Promise.race([message, delay(500)])
}
const { propagationSource, msg } = heard
tell('gossipsub', { via: propagationSource.toString(), from: msg.from.toString(), text: text(msg.data) })

// When both are gone, the node alone has the value.
await Promise.all([one.stop(), other.stop()])
const late = await start()
await meet(late)
const values = []
for await (const step of late.services.dht.get(key)) {
  if (step.name === 'VALUE') {
    values.push({ from: step.from.toString(), value: text(step.value) })
  }
}
tell('get', { values })
await late.stop()
