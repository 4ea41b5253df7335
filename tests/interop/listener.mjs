// js-libp2p peers that listen: one over TCP and WebSocket that is a relay, and one behind it.
// Prints one line of JSON with their addresses, and runs until it is ended.

import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { identify } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { createLibp2p } from 'libp2p'

function start (listen, transports, services) {
  return createLibp2p({
    addresses: { listen },
    transports,
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify(), ping: ping(), ...services }
  })
}

const LISTEN = ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws']
const relay = await start(LISTEN, [tcp(), webSockets()], { relay: circuitRelayServer() })
const addresses = relay.getMultiaddrs().map(String)
const direct = addresses.find((address) => !address.includes('/ws'))
const behind = await start([`${direct}/p2p-circuit`], [tcp(), circuitRelayTransport()], {})
console.log(JSON.stringify({
  tcp: direct,
  ws: addresses.find((address) => address.includes('/ws')),
  circuit: `${direct}/p2p-circuit/p2p/${behind.peerId}`,
  unreserved: `${direct}/p2p-circuit/p2p/12D3KooWGjMCwtpbj9o3GA1GHBuNdUVz4nnBhRUhpXCTNPvZvUZE`
}))
