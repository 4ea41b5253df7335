//! Hostile bytes on a daemon's ports. It does not crash, answers honest peers
//! all the while, and takes no more memory than its limits say.

mod frames;
mod hub;
mod messages;
mod muxer;
mod node;
mod sockets;
mod stranger;
mod websocket;

use std::any::Any;
use std::future::Future;
use std::pin::Pin;

use node::{Budget, Node};

/// What an attack leaves behind: it is kept until the whole test is over.
type Held = Box<dyn Any + Send>;

/// One attack: its name, what memory it may take, and what it does.
struct Attack {
    name: &'static str,
    budget: Budget,
    run: fn(Node) -> Pin<Box<dyn Future<Output = Held> + Send>>,
}

macro_rules! attacks {
    ($($name:literal, $budget:expr, $run:path;)*) => {
        [$(Attack {
            name: $name,
            budget: $budget,
            run: |node| Box::pin(async move { Box::new($run(node).await) as Held }),
        }),*]
    };
}

const SOCKET: Budget = Budget::NOTHING.sockets(1);
const CHANNEL: Budget = Budget::NOTHING.connections(1).streams(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_outlives_hostile_peers() {
    let attacks = attacks! {
        "a stream that sends a byte a second", CHANNEL, frames::slowly;
        "200 connections that send nothing", Budget::NOTHING.sockets(200), sockets::silence;
        "random bytes", SOCKET, sockets::random;
        "random datagrams", SOCKET, sockets::datagrams;
        "an HTTP request", SOCKET, sockets::http;
        "a TLS hello", SOCKET, sockets::tls;
        "multistream-select, then nonsense", SOCKET, sockets::multistream;
        "an HTTP request for a page at the WebSocket listener", SOCKET, websocket::http;
        "an HTTP request without end", SOCKET, websocket::endless;
        "a WebSocket without frames", SOCKET, websocket::nonsense;
        "a WebSocket message of 2^62 bytes", SOCKET, websocket::enormous;
        "32 WebSocket messages that never come", Budget::NOTHING.websockets(32), websocket::promised;
        "an unknown protocol", CHANNEL, frames::unknown_protocol;
        "a length prefix of 2^63", CHANNEL, frames::enormous;
        "a length prefix without end", CHANNEL, frames::endless_prefix;
        "a frame over the limit", CHANNEL, frames::too_long;
        "a truncated frame", CHANNEL, frames::truncated;
        "a frame that never comes", CHANNEL, frames::promised;
        "a frame that is no envelope", CHANNEL, frames::nonsense;
        "an envelope with a zero trace id", CHANNEL, frames::zero_trace_id;
        "an envelope with a trace id that is too long", CHANNEL, frames::long_trace_id;
        "an envelope without a kind", CHANNEL, frames::no_kind;
        "a wrong sequence number", CHANNEL, frames::wrong_sequence;
        "another incarnation in the middle", CHANNEL, frames::wrong_incarnation;
        "a message that says nothing", CHANNEL, frames::says_nothing;
        "a message that is none", CHANNEL, frames::no_message;
        "5,000 streams from one peer", Budget::NOTHING.connections(1).streams(34), frames::many_streams;
        "streams that are stuffed before they are taken", Budget::NOTHING.connections(4), muxer::stuffed;
        "a length prefix of 2^63 on a message's own stream", CHANNEL, messages::enormous;
        "2,000 messages of 1 MiB that lack their last byte", Budget::NOTHING.connections(1).messages(2_000), messages::unfinished;
        "PINGs of 1 MiB, whose PONGs are not read", CHANNEL.flood(), frames::flood;
    };
    let (_process, node) = Node::start().await;
    let mut honest = node.honest(1).await;
    let mut held = Vec::new();
    for attack in attacks {
        let name = attack.name;
        let before = node.memory();
        let run = tokio::spawn((attack.run)(node.clone()));
        // During the attack, an honest peer that was connected before it is answered;
        // after it, also one that connects now.
        while !run.is_finished() {
            honest.ping(name).await;
        }
        held.push(run.await.unwrap_or_else(|e| panic!("{name}: {e}")));
        honest.ping(name).await;
        node.honest(2).await.ping(name).await;
        let taken = node.memory().saturating_sub(before);
        let may = attack.budget.bytes();
        assert!(taken <= may, "{name}: {taken} bytes taken, {may} allowed");
    }
}
