//! The command line of `testbed-node`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use libp2p::Multiaddr;

use trace::time::duration;

use crate::protocols::identify::PROTOCOL_VERSION;
use crate::{Limits, Protocol, database};

const EXAMPLES: &str = "\
Examples:
  testbed-node --listen /ip4/127.0.0.1/tcp/4001 --key node.key
  testbed-node --listen /ip4/127.0.0.1/tcp/4002/ws      for browsers
  testbed-node --dial /ip4/127.0.0.1/tcp/4001/p2p/12D3Koo...
  testbed-node --key node.key --database peers.db --listen /ip4/0.0.0.0/tcp/4001
  testbed-node --mdns --listen /ip4/0.0.0.0/tcp/0      for peers in the local network
  testbed-node --otlp http://127.0.0.1:4318 --metrics 127.0.0.1:9100
  testbed-node --hub --listen /ip4/0.0.0.0/tcp/7464 --key hub.key
  testbed-node --hub --listen /ip4/0.0.0.0/tcp/7464 --beside /ip4/192.0.2.8/tcp/7464/p2p/12D3Koo...
  testbed-node --via /ip4/192.0.2.7/tcp/7464/p2p/12D3Koo...
  echo '{\"do\": \"get\", \"key\": \"a key\"}' | testbed-node --stdin --dial /ip4/...

It prints the address that others dial:
  testbed ping --to /ip4/127.0.0.1/tcp/4001/p2p/12D3Koo...

Ctrl-C or SIGTERM stops it. Exit status: 0 it was told to stop, 1 it could not
go on, 2 wrong usage.";

/// One libp2p peer: it answers identify, ping, Kademlia and gossipsub of any
/// libp2p implementation, and PING of the testbed.
#[derive(Debug, Parser)]
#[command(name = "testbed-node", version, after_help = EXAMPLES, max_term_width = 100)]
pub struct Cli {
    /// Where to listen: /ip4/.../tcp/PORT, /ip4/.../tcp/PORT/ws (WebSocket) or
    /// /ip4/.../udp/PORT/quic-v1; may be given more than once
    #[arg(long, value_name = "ADDR", default_value = "/ip4/127.0.0.1/tcp/0")]
    pub listen: Vec<Multiaddr>,
    /// Whom to connect to; may be given more than once
    #[arg(long, value_name = "ADDR")]
    pub dial: Vec<Multiaddr>,
    /// Be a hub: let peers register for a proof of work, find each other, and reach each
    /// other
    #[arg(long, conflicts_with = "via")]
    pub hub: bool,
    /// As a hub: another hub, whose peers are then found and reached as well; may be given
    /// more than once. The address ends in /p2p/ and its PeerId. The hub's own address is
    /// left out, so all may have the same list
    #[arg(long, value_name = "ADDR", requires = "hub")]
    pub beside: Vec<Multiaddr>,
    /// As a hub: with how many zero bits the hash of a proof begins, at most 24. It takes
    /// 2^BITS hashes on average, and more where many come
    #[arg(long, value_name = "BITS", default_value_t = 16, requires = "hub", value_parser = clap::value_parser!(u32).range(0..=24))]
    pub bits: u32,
    /// Register at this hub, and be reached over it. The address ends in /p2p/ and its
    /// PeerId. May be given more than once: the peer registers at the hub that is nearest
    /// to it (XOR), and goes on to the next one when it does not answer
    #[arg(long, value_name = "ADDR")]
    pub via: Vec<Multiaddr>,
    /// How long a session at a hub lasts of which nothing is heard: peers say three times
    /// as often that they are there. All hubs and peers take the same
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = interval)]
    pub life: Duration,
    /// Ask the router to let others in at the ports of --listen, while the node runs (UPnP)
    #[arg(long, requires = "via")]
    pub upnp: bool,
    /// Punch no holes: to see what they are good for
    #[arg(long, requires = "via", hide = true)]
    pub no_punching: bool,
    /// The file with the peer's key; it is made if there is none [default: a
    /// new key at every start]
    #[arg(long, value_name = "FILE", conflicts_with = "seed")]
    pub key: Option<PathBuf>,
    /// Make the key from a number that may be public: for experiments
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
    /// Keep the peers that this one has reached in this file (SQLite), and dial them
    /// when it starts and when it has few connections; it is made if there is none
    #[arg(long, value_name = "FILE")]
    pub database: Option<PathBuf>,
    /// How many peers the database keeps; of more, dead ones leave first, and then those
    /// seen the longest ago
    #[arg(long, value_name = "N", default_value_t = database::SIZE, requires = "database", value_parser = clap::value_parser!(u32).range(1..=i64::from(database::LARGEST)))]
    pub database_size: u32,
    /// The network of the peers in the database: a file of another one is refused
    #[arg(long, value_name = "NAME", default_value = PROTOCOL_VERSION, requires = "database", value_parser = network)]
    pub network: String,
    /// Find peers of the local network, and be found by them (mDNS). They are dialled at
    /// their local addresses, which this node neither stores nor announces. --listen has to name an address
    /// of the local network, for example /ip4/0.0.0.0/tcp/0
    #[arg(long)]
    pub mdns: bool,
    /// What to speak
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = "identify,ping,kad,gossipsub,channel"
    )]
    pub protocols: Vec<Protocol>,
    /// A gossipsub topic to subscribe to; may be given more than once
    #[arg(long, value_name = "NAME")]
    pub topic: Vec<String>,
    /// How long gossipsub keeps a copy of a message until its neighbour takes it;
    /// then it is dropped, with a warning [default: 5s for this peer's own messages,
    /// 1s for those that are passed on]
    #[arg(long, value_name = "TIME", value_parser = interval)]
    pub queue: Option<Duration>,
    /// How many incoming connections there may be in all
    #[arg(long, value_name = "N", default_value_t = Limits::default().established_incoming, value_parser = clap::value_parser!(u32).range(1..))]
    pub connections: u32,
    /// How many incoming connections one address may hold (an IPv6 /64 is one)
    #[arg(long, value_name = "N", default_value_t = Limits::default().established_per_address, value_parser = clap::value_parser!(u32).range(1..))]
    pub per_address: u32,
    /// How many connections one address may begin a minute
    #[arg(long, value_name = "N", default_value_t = Limits::default().per_address_a_minute, value_parser = clap::value_parser!(u32).range(1..))]
    pub per_minute: u32,
    /// Carry out what standard input asks for, one JSON object a line, and answer
    /// each with a line: {"do": "publish", "topic": T, "data": D}, put (key,
    /// value), get, provide, providers, find (key), ping (peer), peers, send (peer,
    /// data). Messages of --topic are printed as well. The end of standard input ends
    /// the peer
    #[arg(long)]
    pub stdin: bool,
    /// The peer's service name in traces
    #[arg(long, value_name = "NAME", default_value = "testbed-node")]
    pub name: String,
    /// Send spans to this OTLP collector: http://HOST:4318 for HTTP, :4317 for
    /// gRPC. OTEL_EXPORTER_OTLP_* variables are honoured
    #[arg(long, value_name = "URL")]
    pub otlp: Option<String>,
    /// Serve Prometheus metrics at http://ADDR/metrics
    #[arg(long, value_name = "ADDR")]
    pub metrics: Option<SocketAddr>,
    /// Log to standard error: -v what happens, -vv more, -vvv everything
    #[arg(long, short, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// Parses a time on the command line that is not 0. The error has an example.
fn interval(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("the time cannot be 0; write for example 50ms".to_owned()),
        interval => Ok(interval),
    }
}

/// The longest name of a network in bytes. A guess.
const LONGEST_NETWORK: usize = 64;

/// Parses the name of a network on the command line.
fn network(name: &str) -> Result<String, String> {
    let is_name = !name.is_empty() && name.len() <= LONGEST_NETWORK;
    match is_name && !name.chars().any(char::is_control) {
        true => Ok(name.to_owned()),
        false => Err(format!(
            "a network's name has 1 to {LONGEST_NETWORK} bytes and is one line; write for example testbed/1.0.0"
        )),
    }
}
