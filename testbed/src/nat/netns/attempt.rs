//! One attempt in one cell: the network is built, its NATs are verified, three peers start
//! in it, and one of them pings another.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::Error;
use super::family::Family;
use super::layout::Layout;
use super::passage::{self, Passage};
use super::probe;
use super::program::Peer;
use super::upnp::Gateway;
use crate::nat::{Attempt, Carrier, Cell, Plan, Program, Run, Scene, Special};

/// The ports of the hub and of the peers.
const HUB_PORT: u16 = 7464;
const PEER_PORT: u16 = 4101;

/// How long a peer may take to start, and to register. A guess.
const STARTS: Duration = Duration::from_secs(30);

/// How long a ping may take: three attempts to punch a hole over TCP take 30.6 s, with the
/// time-outs that libp2p has unless it is told otherwise.
const ANSWERS: Duration = Duration::from_secs(60);

/// How long a peer may take to send its last spans. A guess.
const ENDS: Duration = Duration::from_secs(5);

/// Makes the attempt of that number.
pub(super) async fn run(plan: &Plan, spans: Option<&Path>, cell: Cell, number: usize) -> Run {
    let seed = plan.seed.wrapping_add(number as u64);
    let mut relay_bytes = 0;
    let attempt = match Layout::build(cell, number, plan.links, seed).await {
        Err(error) => Err(error),
        Ok(mut layout) => {
            let attempt = within(&mut layout, plan, spans, cell, &mut relay_bytes).await;
            layout.remove().await;
            attempt
        }
    };
    Run {
        cell,
        attempt: attempt.unwrap_or_else(|error| Attempt::Unmeasured {
            error: error.to_string(),
        }),
        relay_bytes,
    }
}

async fn within(
    layout: &mut Layout,
    plan: &Plan,
    spans: Option<&Path>,
    cell: Cell,
    relay_bytes: &mut u64,
) -> Result<Attempt, Error> {
    if let Some(error) = invalid(layout, plan, cell).await? {
        return Ok(Attempt::Invalid { error });
    }
    if plan.verify {
        return Ok(Attempt::Verified);
    }
    let gateway = match (cell.scene, &layout.listener.router) {
        (Scene::Special(Special::Upnp), Some(router)) => Some(Gateway::start(router).await?),
        _ => None,
    };
    let before = layout.to_hub.get();
    let args = hub_args(plan, layout.family);
    let mut hub = Peer::start("the hub", &Program::Node, &layout.hub, &args)?;
    let via = listening(&mut hub, cell.carrier).await?;
    let mut listener = start(plan, spans, cell, "the listener", layout, &via).await?;
    let mut dialler = start(plan, spans, cell, "the dialler", layout, &via).await?;
    if cell.scene == Scene::Special(Special::Restart) {
        layout.restart().await?;
    }
    let ping = json!({"id": 1, "do": "ping", "peer": listener.id});
    dialler.peer.write(&ping.to_string()).await?;
    let answer = dialler
        .peer
        .line("its answer", ANSWERS, |line| line.contains("\"ok\""))
        .await;
    *relay_bytes = layout.to_hub.get() - before;
    let was_mapped = match &gateway {
        Some(gateway) => gateway.maps().await?,
        None => false,
    };
    if spans.is_some() || gateway.is_some() {
        tokio::join!(dialler.peer.end(ENDS), listener.peer.end(ENDS));
    }
    let unmapped = match gateway {
        Some(gateway) => mapping_error(was_mapped, gateway.maps().await?),
        None => None,
    };
    Ok(match unmapped {
        Some(error) => Attempt::Failed { error },
        None => Attempt::of_answer(&answer?),
    })
}

/// What is wrong with a router that has mapped a port while the peer ran, and after its end.
fn mapping_error(while_it_ran: bool, afterwards: bool) -> Option<String> {
    let error = match (while_it_ran, afterwards) {
        (true, false) => return None,
        (false, _) => "the router has mapped no port",
        (true, true) => "the router maps the port although the peer has ended",
    };
    Some(error.to_owned())
}

/// Which of the NATs is not what it should be.
async fn invalid(layout: &Layout, plan: &Plan, cell: Cell) -> Result<Option<String>, Error> {
    let mut hosts = vec![
        ("the dialler's NAT", &layout.dialler),
        ("the listener's NAT", &layout.listener),
    ];
    if cell.scene == Scene::Special(Special::Hairpin) {
        // They have the same, and it can give a public port to one of them alone.
        hosts.pop();
    }
    for (name, host) in hosts {
        let verified = probe::verify(host, layout, cell.carrier, plan.links).await;
        let verified = verified.map_err(Error::system(format!("verifying {name}")));
        if let Some(why) = verified? {
            return Ok(Some(format!("{name} is {why}")));
        }
    }
    Ok(None)
}

/// A peer that has registered.
struct Registered {
    peer: Peer,
    id: String,
    /// The way of its spans.
    _passage: Option<Passage>,
}

async fn start(
    plan: &Plan,
    spans: Option<&Path>,
    cell: Cell,
    name: &'static str,
    layout: &Layout,
    via: &str,
) -> Result<Registered, Error> {
    let (host, number, program) = match name {
        "the dialler" => (&layout.dialler, 1, &plan.programs.dialler),
        _ => (&layout.listener, 2, &plan.programs.listener),
    };
    // Two hosts behind one router would ask for the same public port.
    let port = match cell.scene {
        Scene::Special(Special::Hairpin) => PEER_PORT + number,
        Scene::Special(_) | Scene::Pair { .. } => PEER_PORT,
    };
    let mut args = vec![
        "--via".to_owned(),
        via.to_owned(),
        "--listen".to_owned(),
        address(layout.family.any(), port, cell.carrier),
        "--stdin".to_owned(),
        // A hash table would dial by itself.
        "--protocols".to_owned(),
        "identify,ping,channel".to_owned(),
        "--seed".to_owned(),
        plan.seed.wrapping_add(number.into()).to_string(),
        "--name".to_owned(),
        name.trim_start_matches("the ").to_owned(),
    ];
    if cell.scene == Scene::Special(Special::Upnp) {
        args.push("--upnp".to_owned());
    }
    if !plan.punching {
        args.push("--no-punching".to_owned());
    }
    let mut passage = None;
    if let Some((collector, socket)) = plan.otlp.as_ref().zip(spans) {
        let opened = passage::inside(&host.space, collector.port, socket);
        passage = Some(opened.map_err(Error::system("a way for spans"))?);
        args.extend(["--otlp".to_owned(), collector.inside()]);
    }
    let mut peer = Peer::start(name, program, &host.space, &args)?;
    let address = listening(&mut peer, cell.carrier).await?;
    peer.line("registered at", STARTS, |line| {
        line.starts_with("registered at ")
    })
    .await?;
    let id = address.rsplit('/').next().unwrap_or_default().to_owned();
    Ok(Registered {
        peer,
        id,
        _passage: passage,
    })
}

fn hub_args(plan: &Plan, family: Family) -> Vec<String> {
    let hub = family.hub();
    let mut args = vec!["--hub".to_owned()];
    for carrier in [Carrier::Tcp, Carrier::Quic] {
        args.extend(["--listen".to_owned(), address(hub, HUB_PORT, carrier)]);
    }
    args.extend(["--seed".to_owned(), plan.seed.to_string()]);
    args
}

/// The address at which a peer listens over this transport, with its PeerId.
async fn listening(peer: &mut Peer, carrier: Carrier) -> Result<String, Error> {
    let part = match carrier {
        Carrier::Tcp => "/tcp/",
        Carrier::Quic => "/quic-v1",
    };
    let is_it = |line: &str| line.starts_with("listening on /") && line.contains(part);
    let line = peer.line("listening on", STARTS, is_it).await?;
    Ok(line.trim_start_matches("listening on ").trim().to_owned())
}

fn address(ip: IpAddr, port: u16, carrier: Carrier) -> String {
    let family = if ip.is_ipv4() { "ip4" } else { "ip6" };
    match carrier {
        Carrier::Tcp => format!("/{family}/{ip}/tcp/{port}"),
        Carrier::Quic => format!("/{family}/{ip}/udp/{port}/quic-v1"),
    }
}
