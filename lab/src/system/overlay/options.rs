//! Options of `overlay`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use algorithms::auth::Secret;
use algorithms::membership::{self as admission, Disguise};
use algorithms::overlay::{Config, Flaw, Flawed, Hostile, Overlay, Score, Target};
use algorithms::{NodeId, Party, babel};
use clap::{Args, ValueEnum};
use serde::{Serialize, Serializer};

use super::Overlays;
use crate::checkers::overlay::Times;
use crate::lesson::{Lesson, algorithm_file, commands};
use crate::stats::nanos;
use crate::system::membership::options::{self as membership, AttackName};
use crate::system::{Engine, OutagesEnd, Setup, SetupError, SystemOptions, Visitor};
use crate::topology::Topology;
use crate::values;

/// When a node looks whether the answer to a HELLO has come, as in `routing`: a guess.
const LAPS: [u64; 11] = [1, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

/// When a request of the routing protocol is repeated (RFC 8966, appendix B).
const ASK: Duration = Duration::from_secs(2);

/// How long changes of routes are gathered: a fiftieth of `--hello`, a guess, from and to. The former
/// is that of `routing`, the latter the urgent time-out of RFC 8966, appendix B.
const GATHER: [Duration; 2] = [Duration::from_millis(20), Duration::from_millis(200)];

/// How often links are tried, unless the command line says it: from and to. The latter is that of
/// re6stnet, the former a guess, for runs that one waits for.
const HELLO: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(15)];

/// Which changes of a distance are announced at once, unless the command line says it. Babeld has
/// 384, where a wired link costs 96; a round trip of 100 ms more is a guess.
const SIGNIFICANT_LINKS: u16 = 4;
const SIGNIFICANT_MILLIS: u16 = 100;

/// How many links a peer opens, unless the command line says how many, also in a check. Guesses.
const LINKS: [u32; 2] = [3, 1];

/// After how many times that a peer may take to answer all have joined, and reach all again after
/// a fault. Guesses: a node looks for peers eight times in the former, and a node in an island starts
/// anew about four times in the latter.
const JOINED: u32 = 5;
const RESTED: u32 = 20;

/// How much longer a run lasts than it has to. A guess.
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
    /// How many peers are behind a NAT, from the last one on: they accept no links, and open half as
    /// many
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub hidden: u32,
    /// How often a peer replaces one of the links that it has opened; 0s: never. In a check never
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = values::pace_or_never)]
    #[serde(rename = "refresh_seconds", serialize_with = "values::seconds")]
    pub refresh: Duration,
    /// Which link is replaced: the one with the least of this
    #[arg(long, value_name = "S", default_value = "routes")]
    #[serde(skip)]
    pub score: ScoreName,
    /// Which peer is asked for a new link
    #[arg(long, value_name = "T", default_value = "random")]
    #[serde(skip)]
    pub target: TargetName,
    /// How long a link is drained before it is closed; if routes still lead over it then, it stays
    /// open. 0s: links are closed at once, unless a destination may have no other route
    #[arg(long, value_name = "TIME", default_value = "3s", value_parser = values::duration)]
    #[serde(rename = "drain_seconds", serialize_with = "values::seconds")]
    pub drain: Duration,
    /// How many others a peer knows at most: 100, or 0.05n for a share of all peers
    #[arg(long, value_name = "N", default_value = "100")]
    pub database: DatabaseSize,
    /// How often a peer asks each neighbour whether the link works. In a check never [default: a
    /// twentieth of --refresh, but from 1s to 15s]
    #[arg(long, value_name = "TIME", value_parser = values::pace)]
    #[serde(rename = "hello_seconds", serialize_with = "values::some_seconds")]
    pub hello: Option<Duration>,
    /// After how many such intervals without an answer a link is down
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = values::count::<u32>)]
    pub misses: u32,
    /// The least change of a distance that peers announce at once; a smaller one waits for the next
    /// table, at four times --hello. In a check, all are announced [default: 4 links, or 100 ms
    /// with --score rtt]
    #[arg(long, value_name = "METRIC", value_parser = values::count::<u16>)]
    pub significant: Option<u16>,
    /// Links need certificates of the registry, which begins an epoch so often: --hello times
    /// --misses at least [default: no certificates]
    #[arg(long, value_name = "TIME", value_parser = values::interval)]
    #[serde(skip)]
    pub epoch: Option<Duration>,
    /// In how many epochs a certificate holds, with that in which it is signed: 2 at least
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = membership::holds)]
    pub holds: u32,
    /// The last peer is an impostor: it wants links without a certificate that holds
    #[arg(long, value_name = "A")]
    #[serde(skip)]
    pub attack: Option<AttackName>,
    /// How often a peer sends a packet to another one; 0s: never
    #[arg(long, value_name = "TIME", default_value = "500ms", value_parser = values::pace_or_never)]
    #[serde(rename = "packets_seconds", serialize_with = "values::seconds")]
    pub packets: Duration,
    /// How long the run lasts [default: until all have to reach all, after the last planned crash]
    #[arg(long, value_name = "TIME", value_parser = values::interval)]
    #[serde(skip)]
    pub duration: Option<Duration>,
    /// Make a mistake, to see which property it breaks
    #[arg(long, value_name = "M")]
    #[serde(skip)]
    pub mistake: Option<Mistake>,
}

/// A mistake of all nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mistake {
    /// Do not wait for the other end of a link that is drained
    DrainUnconfirmed,
    /// Accept as many links as are asked for
    AllAccepted,
    /// Deliver a packet twice
    DeliveredTwice,
}

impl Mistake {
    const fn flaw(self) -> Flaw {
        match self {
            Self::DrainUnconfirmed => Flaw::DrainUnconfirmed,
            Self::AllAccepted => Flaw::AllAccepted,
            Self::DeliveredTwice => Flaw::DeliveredTwice,
        }
    }
}

/// The most peers that a peer knows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum DatabaseSize {
    /// So many.
    Count(u32),
    /// So many of all peers, as a share.
    Share(f64),
}

impl DatabaseSize {
    /// Among so many peers; one at least.
    fn of(self, peers: u32) -> usize {
        match self {
            Self::Count(count) => count as usize,
            Self::Share(share) => (share * f64::from(peers)).round().max(1.0) as usize,
        }
    }
}

impl FromStr for DatabaseSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some(share) = text.strip_suffix('n') else {
            return values::count(text).map(Self::Count);
        };
        match values::probability(share) {
            Ok(share) if share > 0.0 => Ok(Self::Share(share)),
            Ok(_) | Err(_) => Err(format!(
                "{text:?} is no share of all peers; write for example 0.05n, or a number of peers"
            )),
        }
    }
}

impl fmt::Display for DatabaseSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => count.fmt(f),
            Self::Share(share) => write!(f, "{share}n"),
        }
    }
}

impl Serialize for DatabaseSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// By what links are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ScoreName {
    /// Nothing: by chance
    Random,
    /// Destinations that are reached over it
    Routes,
    /// Bytes of packets since the last refresh, in and out
    Bytes,
    /// Speed: the longest round trip is replaced
    Rtt,
}

/// Which peers are asked for links.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TargetName {
    /// Any known peer
    Random,
    /// One at the greatest distance
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
            "testbed simulate overlay --peers 12 --refresh 1m --epoch 30s --kill 0@1m --duration 3m" =>
                "links need certificates, and the registry stops: none ends, and all stay linked",
            "testbed simulate overlay --peers 8 --epoch 10s --attack replay --duration 90s" =>
                "an impostor has links until its certificate ends",
            "testbed simulate overlay --peers 50 --drain 0s" =>
                "links are closed at once: what is on them is lost",
            "testbed simulate overlay --outages exponential:30s --outages-every 5m --duration 5m" =>
                "links go out for a time: how soon the ways lead around them",
            "testbed simulate overlay --peers 8 --mistake drain-unconfirmed" =>
                "a link is closed before the other end has left it",
            "testbed simulate overlay --peers 8 --accept 2 --mistake all-accepted" =>
                "all links lead to few nodes",
        },
    }];

    fn algorithm(&self) -> String {
        let mut name = format!("overlay, links by {}", values::name_of(self.score));
        if self.epoch.is_some() {
            name += ", with certificates";
        }
        if let Some(attack) = self.attack {
            name += &format!(", attacked by {}", values::name_of(attack));
        }
        if let Some(mistake) = self.mistake {
            name += &format!(", with {}", values::name_of(mistake));
        }
        name
    }

    fn build<V: Visitor>(&self, setup: Setup, visitor: V) -> Result<V::Output, SetupError> {
        setup.require_mesh()?;
        if let Some(links) = self.links.filter(|links| *links >= setup.peers) {
            let peers = setup.peers;
            return Err(SetupError::TooManyLinks { links, peers });
        }
        if !self.refresh.is_zero() && self.refresh < self.drain {
            return Err(SetupError::RefreshWithinDrain {
                refresh: self.refresh,
                drain: self.drain,
            });
        }
        self.require_room(&setup)?;
        if let Some(epoch) = self.epoch.filter(|epoch| *epoch < self.answer()) {
            return Err(SetupError::EpochWithinAnswer {
                epoch,
                remind: self.answer(),
            });
        }
        setup.require_recorded(setup.peers.saturating_sub(1))?;
        let flaw = self.mistake.map(Mistake::flaw);
        let disguise = self.disguise(&setup)?;
        Ok(visitor.visit(self.system(setup, move |overlay| {
            let is_impostor = |(at, _): &(NodeId, Disguise)| *at == overlay.id();
            match (disguise.clone().filter(is_impostor), flaw) {
                (Some((_, disguise)), _) => Party::Adversary(Hostile::new(overlay, disguise)),
                (None, Some(flaw)) => Party::Flawed(Flawed::new(overlay, flaw)),
                (None, None) => Party::Honest(overlay),
            }
        })))
    }
}

impl Options {
    /// Where the others accept too few links, some peer would be without one, and no run could be right.
    fn require_room(&self, setup: &Setup) -> Result<(), SetupError> {
        let config = self.config(setup.engine == Engine::ModelChecker, setup.peers);
        let hidden = self.hidden;
        let open = setup.peers.saturating_sub(hidden);
        let [links, accepted] = [config.links, config.accepted].map(|count| count as u64);
        let times = |peers: u32, count: u64| u64::from(peers).saturating_mul(count);
        let room = times(open, accepted);
        let others = u64::from(open.saturating_sub(1));
        let asked = times(open, links.min(others)).saturating_add(times(hidden, links.div_ceil(2)));
        match hidden > 0 && room < asked {
            true => Err(SetupError::TooManyHidden {
                hidden,
                open,
                room,
                asked,
            }),
            false => Ok(()),
        }
    }

    /// The impostor, and what it says.
    fn disguise(&self, setup: &Setup) -> Result<Option<(NodeId, Disguise)>, SetupError> {
        let Some(attack) = self.attack else {
            return Ok(None);
        };
        let name = || values::name_of(attack);
        let peers = setup.peers;
        if self.epoch.is_none() {
            return Err(SetupError::AttackWithoutCertificates { attack: name() });
        }
        if peers < 3 {
            return Err(SetupError::AttackNeedsThree {
                attack: name(),
                peers,
            });
        }
        let last = NodeId(peers - 1);
        let own = membership::secret(setup.seed, 1);
        Ok(Some((last, Disguise::new(last, attack.attack(), own))))
    }

    fn system<A>(
        &self,
        setup: Setup,
        process: impl Fn(Overlay) -> A + Send + Sync + 'static,
    ) -> Overlays<A> {
        let is_check = setup.engine == Engine::ModelChecker;
        let lasts = self.duration.unwrap_or_else(|| self.lasts(&setup));
        let admission = self.epoch.map(|epoch| {
            let secret = membership::secret(setup.seed, 0);
            (Arc::new(self.admission(is_check, epoch, &secret)), secret)
        });
        Overlays {
            admission,
            is_attacked: self.attack.is_some(),
            config: Arc::new(self.config(is_check, setup.peers)),
            hidden: self.hidden,
            duration: (!is_check).then_some(lasts),
            times: self.times(),
            fifo: setup.fifo,
            goes_out: setup.outages == Some(OutagesEnd::WithTheRun),
            neighbours: setup.neighbours,
            process: Arc::new(process),
        }
    }

    /// Peers present themselves as often as a link may be silent.
    fn admission(&self, is_check: bool, epoch: Duration, secret: &Secret) -> admission::Config {
        let interval = |time: Duration| (!is_check).then_some(time);
        admission::Config {
            registry: NodeId(0),
            key: secret.key(),
            holds: self.holds,
            epoch: interval(epoch),
            remind: interval(self.answer()),
            open: false,
        }
    }

    /// How long a peer may take to answer: as long as a link may be silent.
    fn answer(&self) -> Duration {
        self.hello().saturating_mul(self.misses)
    }

    /// As in re6stnet, which refreshes each 5 minutes and says HELLO each 15 s.
    fn hello(&self) -> Duration {
        let [least, most] = HELLO;
        let usual = (self.refresh / 20).clamp(least, most);
        self.hello.unwrap_or(usual)
    }

    fn gather(&self) -> Duration {
        let [least, most] = GATHER;
        (self.hello() / 50).clamp(least, most)
    }

    fn significant(&self) -> u16 {
        let usual = match self.score {
            ScoreName::Rtt => SIGNIFICANT_MILLIS,
            ScoreName::Random | ScoreName::Routes | ScoreName::Bytes => SIGNIFICANT_LINKS,
        };
        self.significant.unwrap_or(usual)
    }

    fn times(&self) -> Times {
        let answer = self.answer();
        let times = |count: u32| nanos(answer.saturating_mul(count));
        Times {
            joined: times(JOINED),
            rest: times(RESTED),
            gap: times(1),
        }
    }

    /// Until all have to reach all. Real time is not spent on faults that are not planned.
    fn lasts(&self, setup: &Setup) -> Duration {
        let stops = setup.stops.iter();
        let stops = stops.map(|stop| stop.restart.unwrap_or(stop.at)).max();
        let stops = stops.max(setup.outages.map(OutagesEnd::usual));
        let is_planned = stops.is_some() || setup.random_crashes;
        let wait = match is_planned || setup.engine != Engine::Live {
            true => RESTED,
            false => JOINED,
        };
        let wait = self.answer().saturating_mul(wait).saturating_add(MORE);
        stops.unwrap_or_default().saturating_add(wait)
    }

    fn config(&self, is_check: bool, peers: u32) -> Config {
        let interval = |time: Duration| (!is_check && !time.is_zero()).then_some(time);
        let hello = interval(self.hello());
        let usual = LINKS[usize::from(is_check)].min(peers.saturating_sub(1));
        let links = self.links.unwrap_or(usual);
        Config {
            routing: Arc::new(babel::Config {
                destinations: peers,
                open: false,
                hello,
                misses: self.misses,
                table: hello.map(|hello| hello.saturating_mul(4)),
                gather: if is_check {
                    Duration::ZERO
                } else {
                    self.gather()
                },
                significant: if is_check { 1 } else { self.significant() },
                ask: ASK,
                cost: match self.score {
                    ScoreName::Rtt => {
                        babel::Cost::RoundTrip(LAPS.map(Duration::from_millis).into())
                    }
                    ScoreName::Random | ScoreName::Routes | ScoreName::Bytes => babel::Cost::Hops,
                },
            }),
            registry: NodeId(0),
            links: links as usize,
            accepted: self.accept.unwrap_or(links.saturating_mul(2)) as usize,
            hidden: false,
            refresh: interval(self.refresh),
            score: match self.score {
                ScoreName::Random => Score::Random,
                ScoreName::Routes => Score::Routes,
                ScoreName::Bytes => Score::Bytes,
                ScoreName::Rtt => Score::RoundTrip,
            },
            target: match self.target {
                TargetName::Random => Target::Random,
                TargetName::Distant => Target::Distant,
            },
            drain: (!self.drain.is_zero()).then_some(self.drain),
            database: self.database.of(peers),
            answer: self.answer(),
            island: interval(self.answer().saturating_mul(2)),
            packets: interval(self.packets),
        }
    }
}
