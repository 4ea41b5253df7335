//! Options of `overlay`.

use std::sync::Arc;
use std::time::Duration;

use algorithms::overlay::{Config, Score, Target};
use algorithms::{NodeId, babel};
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::Overlays;
use crate::lesson::{Lesson, algorithm_file, commands};
use crate::system::{Engine, Setup, SetupError, SystemOptions, Visitor};
use crate::topology::Topology;
use crate::values;

/// When a node looks whether the answer to a HELLO has come, as in `routing`: a guess.
const LAPS: [u64; 11] = [1, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

/// When a request of the routing protocol is repeated (RFC 8966, appendix B).
const ASK: Duration = Duration::from_secs(2);

/// How long changes of routes are gathered. A guess, as in `routing`.
const GATHER: Duration = Duration::from_millis(20);

/// How many links a peer opens, unless the command line says how many, also in a check. Guesses.
const LINKS: [u32; 2] = [3, 1];

/// How many times a node may have to look for a peer until it finds one. A guess.
const ATTEMPTS: u32 = 10;

/// How much longer a run lasts than it has to, for faults at random times. A guess.
const MORE: Duration = Duration::from_secs(5);

/// Options of `overlay`.
#[derive(Clone, Debug, Args, Serialize)]
#[command(next_help_heading = "Options of overlay")]
pub struct Options {
    /// How many links a peer opens [default: 3, or as many as there are others; 1 in a check]
    #[arg(long, value_name = "N", value_parser = values::count::<u32>)]
    pub links: Option<u32>,
    /// How many links a peer accepts [default: twice as many as it opens]
    #[arg(long, value_name = "N", value_parser = values::count::<u32>)]
    pub accept: Option<u32>,
    /// How often a peer replaces one of the links that it has opened; 0s: never. In a check never
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = values::duration)]
    #[serde(rename = "refresh_seconds", serialize_with = "values::seconds")]
    pub refresh: Duration,
    /// Which link is replaced: the one with the least of this
    #[arg(long, value_name = "S", default_value = "routes")]
    #[serde(skip)]
    pub score: ScoreName,
    /// With whom a link is opened in its place
    #[arg(long, value_name = "T", default_value = "random")]
    #[serde(skip)]
    pub target: TargetName,
    /// How long a link may take to be drained before it is closed; one over which routes still
    /// lead then stays. 0s: links are closed at once
    #[arg(long, value_name = "TIME", default_value = "3s", value_parser = values::duration)]
    #[serde(rename = "drain_seconds", serialize_with = "values::seconds")]
    pub drain: Duration,
    /// How many others a peer knows at most
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = values::count::<u32>)]
    pub database: u32,
    /// How often a peer asks each neighbour whether the link works. In a check never
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = values::interval)]
    #[serde(rename = "hello_seconds", serialize_with = "values::seconds")]
    pub hello: Duration,
    /// After how many such intervals without an answer a link is down
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = values::count::<u32>)]
    pub misses: u32,
    /// How often a peer sends a packet to another one; 0s: never
    #[arg(long, value_name = "TIME", default_value = "500ms", value_parser = values::duration)]
    #[serde(rename = "packets_seconds", serialize_with = "values::seconds")]
    pub packets: Duration,
    /// How long the run lasts [default: until all have to reach all again after the last planned
    /// crash]
    #[arg(long, value_name = "TIME", value_parser = values::interval)]
    #[serde(skip)]
    pub duration: Option<Duration>,
}

/// By what links are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ScoreName {
    /// Nothing: by chance
    Random,
    /// Destinations that are reached over it
    Routes,
    /// Packets since the last refresh
    Packets,
    /// Speed: the longest round trip is replaced
    Rtt,
}

/// With whom links are opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TargetName {
    /// Any known peer
    Random,
    /// One of the farthest
    Distant,
}

impl SystemOptions for Options {
    const NAME: &'static str = "overlay";
    const TOPOLOGY: Topology = Topology::Full;
    const LESSONS: &[Lesson] = &[Lesson {
        order: 71,
        name: "overlay",
        title: "A resilient overlay (re6stnet)",
        about: "which links to keep, and how to replace them without a loss?",
        needs: "channels that keep the order, and honest nodes",
        cost: "beside routing two messages for each link that opens, and with a drain five for each that closes",
        run: "overlay",
        file: algorithm_file!("overlay.rs"),
        commands: commands! {
            "testbed --peers 20 overlay" =>
                "links are opened, drained and replaced; packets arrive meanwhile",
            "testbed simulate overlay --peers 50 --kill 0@10s" =>
                "the registry stops: the overlay lives on",
            "testbed simulate overlay --peers 50 --crash 5 --partition 1" =>
                "crashes and a partition at random times",
            "testbed simulate overlay --peers 50 --drain 0s" =>
                "links are closed at once: what is on them is lost",
        },
    }];

    fn algorithm(&self) -> String {
        format!("overlay, links by {}", values::name_of(self.score))
    }

    fn build<V: Visitor>(&self, setup: Setup, visitor: V) -> Result<V::Output, SetupError> {
        setup.require_connected()?;
        if let Some(links) = self.links {
            setup.limit_processes("--links", links.saturating_add(1))?;
        }
        let is_check = setup.engine == Engine::ModelChecker;
        let stops = setup.stops.iter();
        let stops = stops.map(|stop| stop.restart.unwrap_or(stop.at)).max();
        let lasts = stops.unwrap_or_default().saturating_add(self.rest());
        let lasts = self.duration.unwrap_or(lasts.saturating_add(MORE));
        Ok(visitor.visit(Overlays {
            config: Arc::new(self.config(is_check, setup.peers)),
            duration: (!is_check).then_some(lasts),
            rest: self.rest(),
            neighbours: setup.neighbours,
        }))
    }
}

impl Options {
    /// How long a peer may take to answer: as long as a link may be silent.
    fn answer(&self) -> Duration {
        self.hello.saturating_mul(self.misses)
    }

    /// After a fault a link is found silent, an island is noticed and ends, and peers are found.
    fn rest(&self) -> Duration {
        let answer = self.answer();
        let islands = answer.saturating_mul(2 * 2);
        answer
            .saturating_mul(1 + ATTEMPTS / 2)
            .saturating_add(islands)
    }

    fn config(&self, is_check: bool, peers: u32) -> Config {
        let interval = |time: Duration| (!is_check && !time.is_zero()).then_some(time);
        let hello = interval(self.hello);
        let usual = LINKS[usize::from(is_check)].min(peers.saturating_sub(1));
        let links = self.links.unwrap_or(usual);
        Config {
            routing: Arc::new(babel::Config {
                destinations: peers,
                open: false,
                hello,
                misses: self.misses,
                table: hello.map(|hello| hello.saturating_mul(4)),
                gather: if is_check { Duration::ZERO } else { GATHER },
                ask: ASK,
                cost: match self.score {
                    ScoreName::Rtt => {
                        babel::Cost::RoundTrip(LAPS.map(Duration::from_millis).into())
                    }
                    ScoreName::Random | ScoreName::Routes | ScoreName::Packets => babel::Cost::Hops,
                },
            }),
            registry: NodeId(0),
            links: links as usize,
            accepted: self.accept.unwrap_or(links.saturating_mul(2)) as usize,
            refresh: interval(self.refresh),
            score: match self.score {
                ScoreName::Random => Score::Random,
                ScoreName::Routes => Score::Routes,
                ScoreName::Packets => Score::Packets,
                ScoreName::Rtt => Score::RoundTrip,
            },
            target: match self.target {
                TargetName::Random => Target::Random,
                TargetName::Distant => Target::Distant,
            },
            drain: (!self.drain.is_zero()).then_some(self.drain),
            database: self.database as usize,
            answer: self.answer(),
            island: interval(self.answer().saturating_mul(2)),
            packets: interval(self.packets),
        }
    }
}
