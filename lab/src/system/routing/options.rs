//! Options of `routing`.

use std::sync::Arc;
use std::time::Duration;

use algorithms::NodeId;
use algorithms::babel::{Babel, Config, Cost, Flaw, Flawed};
use clap::{Args, ValueEnum};
use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::{Break, Routing, intervals};
use crate::lesson::{Lesson, algorithm_file, commands};
use crate::system::{Engine, OutagesEnd, Setup, SetupError, SystemOptions, Visitor};
use crate::topology::Topology;
use crate::values;

/// When a request is repeated (RFC 8966, appendix B: a request time-out of 2 s).
const ASK: Duration = Duration::from_secs(2);

/// When a node looks whether the answer to a HELLO has come: after 1 ms, after another 1 ms, 2 ms,
/// and so on. A guess: round trips of a second are the longest that are told apart.
const LAPS: [u64; 11] = [1, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

/// The time from one closed link to the next. A guess.
const EVERY: Duration = Duration::from_secs(2);

/// How long a message may take for the run to last long enough. A guess, five times the delay of
/// a simulated network.
const DELAY: Duration = Duration::from_millis(50);

/// How many links are closed, unless the command line says how many, also in a check. Guesses.
const BREAKS: [u32; 2] = [2, 1];

/// Options of `routing`.
#[derive(Clone, Debug, Args, Serialize)]
#[command(next_help_heading = "Options of routing")]
pub struct Options {
    /// How often a peer asks each neighbour whether the link works; 0s: never, and a link works
    /// while it is open. In a check never
    #[arg(long, value_name = "TIME", default_value = "4s", value_parser = values::pace_or_never)]
    #[serde(rename = "hello_seconds", serialize_with = "values::seconds")]
    pub hello: Duration,
    /// After how many such intervals without an answer a link is down
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = values::count::<u32>)]
    pub misses: u32,
    /// How often a peer announces all distances, in case a message was lost; 0s: never. In a
    /// check never
    #[arg(long, value_name = "TIME", default_value = "16s", value_parser = values::pace_or_never)]
    #[serde(rename = "update_seconds", serialize_with = "values::seconds")]
    pub update: Duration,
    /// How long changes are gathered before they are announced. In a check not at all
    #[arg(long, value_name = "TIME", default_value = "20ms", value_parser = values::duration)]
    #[serde(rename = "gather_seconds", serialize_with = "values::seconds")]
    pub gather: Duration,
    /// What a link costs
    #[arg(long, value_name = "C", default_value = "hops")]
    #[serde(skip)]
    pub cost: CostName,
    /// To how many of the peers there are routes, from peer 0 on [default: all; 1 in a check]
    #[arg(long, value_name = "N", value_parser = values::count::<u32>)]
    pub destinations: Option<u32>,
    /// How many links both ends close, one every 2 s, and open again [default: 2; 1 in a check,
    /// at any moments]
    #[arg(long, value_name = "N", value_parser = values::number::<u32>)]
    pub breaks: Option<u32>,
    /// For how long each of them is closed
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = values::interval)]
    #[serde(rename = "closed_seconds", serialize_with = "values::seconds")]
    pub closed: Duration,
    /// How long the run lasts [default: until distances have to be right after the last closed
    /// link and the last planned crash]
    #[arg(long, value_name = "TIME", value_parser = values::interval)]
    #[serde(skip)]
    pub duration: Option<Duration>,
    /// Make a mistake, to see which property it breaks
    #[arg(long, value_name = "M")]
    #[serde(skip)]
    pub mistake: Option<Mistake>,
}

/// What a link costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CostName {
    /// Each link 1
    Hops,
    /// Its round trip, in milliseconds
    Rtt,
}

/// A mistake of all peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mistake {
    /// Take the best route, feasible or not
    BellmanFord,
    /// Take a route that is announced at the feasibility distance itself
    EqualTaken,
    /// Forget the feasibility distance when the route is lost
    DistanceForgotten,
    /// Never take a new sequence number
    NumberKept,
    /// Keep links over which no answer comes
    SilenceIgnored,
    /// Do not say that a route is lost
    RetractionNotSent,
}

impl Mistake {
    const fn flaw(self) -> Flaw {
        match self {
            Self::BellmanFord => Flaw::BellmanFord,
            Self::EqualTaken => Flaw::EqualTaken,
            Self::DistanceForgotten => Flaw::DistanceForgotten,
            Self::NumberKept => Flaw::NumberKept,
            Self::SilenceIgnored => Flaw::SilenceIgnored,
            Self::RetractionNotSent => Flaw::RetractionNotSent,
        }
    }
}

impl SystemOptions for Options {
    const NAME: &'static str = "routing";
    const TOPOLOGY: Topology = Topology::Grid;
    const LESSONS: &[Lesson] = &[Lesson {
        order: 70,
        name: "babel",
        title: "Loop-free distance-vector routing (Babel)",
        about: "how to find ways that never form a loop?",
        needs: "honest nodes and costs above zero; for right distances, channels that keep the order, and losses that end",
        cost: "a HELLO and an IHU each way of a link at each interval; after a change, waves of updates and requests over at most N-1 links",
        run: "routing",
        file: algorithm_file!("babel.rs"),
        commands: commands! {
            "testbed --peers 20 routing" => "two links are closed and opened: no loop, and right distances at rest",
            "testbed simulate routing --peers 20 --partition 2 --crash 2 --seeds 50" =>
                "partitions and crashes at random times, with and without the memory of what was announced",
            "testbed simulate routing --peers 20 --kill 3@5s" =>
                "a node that stops for ever: how long the next hops to it stay",
            "testbed check routing --peers 4" =>
                "every schedule in which a link of a ring is closed and opened",
            "testbed simulate routing --peers 6 --mistake bellman-ford --seeds 20" =>
                "without the feasibility condition: a loop",
            "testbed check routing --peers 3 --topology full --breaks 2 --mistake equal-taken" =>
                "equal is not better: two nodes take each other's route at once",
            "testbed simulate routing --peers 6 --topology ring --breaks 1 --mistake number-kept" =>
                "no new numbers: nodes starve, with a neighbour that has a route",
            "testbed simulate routing --peers 6 --kill 2@5s --mistake silence-ignored" =>
                "a dead neighbour is not noticed: a black hole",
        },
    }];

    fn algorithm(&self) -> String {
        let cost = values::name_of(self.cost);
        match self.mistake {
            None => format!("Babel, cost by {cost}"),
            Some(mistake) => format!("Babel, cost by {cost}, with {}", values::name_of(mistake)),
        }
    }

    fn build<V: Visitor>(&self, setup: Setup, visitor: V) -> Result<V::Output, SetupError> {
        setup.require_connected()?;
        if let Some(destinations) = self.destinations {
            setup.limit_processes("--destinations", destinations)?;
        }
        let degree = setup.neighbours.iter().map(Vec::len).max().unwrap_or(0) as u32;
        let others = setup.peers.saturating_sub(1);
        setup.require_recorded(self.destinations.unwrap_or(others).max(degree))?;
        let links = links(&setup);
        if let Some(breaks) = self.breaks.filter(|breaks| *breaks as usize > links.len()) {
            return Err(SetupError::TooFewLinks {
                breaks,
                links: links.len(),
                topology: setup.topology.clone(),
            });
        }
        Ok(match self.mistake.map(Mistake::flaw) {
            None => visitor.visit(self.system(setup, links, |babel| babel)),
            Some(flaw) => {
                visitor.visit(self.system(setup, links, move |babel| Flawed::new(babel, flaw)))
            }
        })
    }
}

/// All links, in the order in which they are closed: drawn, but for a check, where those of peer
/// 0 come first.
fn links(setup: &Setup) -> Vec<[NodeId; 2]> {
    let all = (0..).map(NodeId).zip(&setup.neighbours);
    let mut links: Vec<_> = all
        .flat_map(|(node, others)| others.iter().map(move |other| [node, *other]))
        .filter(|[one, other]| one < other)
        .collect();
    links.sort_unstable();
    if setup.engine != Engine::ModelChecker {
        links.shuffle(&mut ChaCha8Rng::seed_from_u64(setup.seed));
    }
    links
}

impl Options {
    fn config(&self, setup: &Setup) -> Config {
        let is_check = setup.engine == Engine::ModelChecker;
        let interval = |time: Duration| (!is_check && !time.is_zero()).then_some(time);
        Config {
            destinations: match (self.destinations, is_check) {
                (Some(destinations), _) => destinations,
                (None, true) => 1,
                (None, false) => setup.peers,
            },
            open: true,
            hello: interval(self.hello),
            misses: self.misses,
            table: interval(self.update),
            gather: interval(self.gather).unwrap_or_default(),
            significant: 1,
            ask: ASK,
            cost: match self.cost {
                CostName::Hops => Cost::Hops,
                CostName::Rtt => Cost::RoundTrip(LAPS.map(Duration::from_millis).into()),
            },
        }
    }

    /// The links that are closed, each from when until when.
    fn breaks(&self, setup: &Setup, links: Vec<[NodeId; 2]>) -> Vec<Break> {
        let usual = BREAKS[usize::from(setup.engine == Engine::ModelChecker)];
        let count = self.breaks.unwrap_or(usual) as usize;
        let links = (1..).zip(links.into_iter().take(count));
        let breaks = links.map(|(number, ends)| {
            let at = EVERY.saturating_mul(number);
            let until = at.saturating_add(self.closed);
            Break { ends, at, until }
        });
        breaks.collect()
    }

    /// Long enough for distances to be right after the last planned change. Real time is not
    /// spent on noticing failures that are not planned.
    fn lasts(&self, setup: &Setup, config: &Config, breaks: &[Break]) -> Duration {
        let breaks = breaks.iter().map(|one| one.until);
        let stops = setup.stops.iter();
        let stops = stops.map(|stop| stop.restart.unwrap_or(stop.at));
        let outages = setup.outages.map(OutagesEnd::usual);
        let last = breaks.chain(stops).chain(outages).max();
        let last = last.unwrap_or_default();
        let fails = setup.engine != Engine::Live
            || !setup.stops.is_empty()
            || setup.random_crashes
            || setup.outages.is_some()
            || !setup.fifo;
        let intervals = intervals(config);
        let rest = intervals.rest(setup.peers as usize, DELAY, fails);
        last.saturating_add(rest).saturating_add(EVERY)
    }

    fn system<A>(
        &self,
        setup: Setup,
        links: Vec<[NodeId; 2]>,
        process: impl Fn(Babel) -> A + Send + Sync + 'static,
    ) -> Routing<A> {
        let config = self.config(&setup);
        let breaks = self.breaks(&setup, links);
        let is_check = setup.engine == Engine::ModelChecker;
        let lasts = || self.lasts(&setup, &config, &breaks);
        let duration = (!is_check).then(|| self.duration.unwrap_or_else(lasts));
        Routing {
            config: Arc::new(config),
            breaks,
            fifo: setup.fifo,
            goes_out: setup.outages == Some(OutagesEnd::WithTheRun),
            duration,
            neighbours: setup.neighbours,
            process: Arc::new(process),
        }
    }
}
