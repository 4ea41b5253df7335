//! Options of `hub`.

use std::sync::Arc;
use std::time::Duration;

use algorithms::NodeId;
use algorithms::hub::{Flaw, Flawed, Hub, Pace, Terms};
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::attack::{Attack, Attacker, Member};
use super::{GIVES_UP, HUB, Hubs, LIVES};
use crate::lesson::{Lesson, algorithm_file, commands};
use crate::system::{Engine, Setup, SetupError, SystemOptions, Visitor};
use crate::topology::Topology;
use crate::values::{self, Size};

/// How often rations grow: a bucket is filled in portions of this time.
const TICK: Duration = Duration::from_millis(200);

/// Ticks in the minute of which the ration is.
const TICKS: u64 = 300;

/// After so many sessions in an epoch a proof takes twice as much. A guess.
const CROWD: u64 = 1024;

/// For how many epochs a session is good. A guess.
const KEPT: u64 = 60;

/// How many neighbours a peer is told of: Kademlia's k.
const NEAREST: usize = 20;

/// The most bits. A guess: 2^24 hashes take some seconds, and each peer of each schedule
/// computes them.
const MOST_BITS: i64 = 24;

/// How long another hub has to answer. A guess: some round trips.
const PATIENCE: Duration = Duration::from_millis(500);

/// How much is handed over to other hubs for a peer at once. A guess.
const ERRANDS: usize = 16;

/// Options of `hub`. The first peers are the hubs.
#[derive(Clone, Debug, Args, Serialize)]
#[command(next_help_heading = "Options of hub")]
pub struct Options {
    /// How many of the peers, the first ones, are hubs
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = values::count::<u32>)]
    pub hubs: u32,
    /// How many questions each peer has: for neighbours, to pass bytes on, to ask another
    /// one, to be dialled [default: 5; 1 in a check]
    #[arg(long, value_name = "N", value_parser = values::count::<u32>)]
    pub questions: Option<u32>,
    /// The time between two questions of a peer
    #[arg(long, value_name = "TIME", default_value = "500ms", value_parser = values::interval)]
    #[serde(rename = "every_seconds", serialize_with = "values::seconds")]
    pub every: Duration,
    /// How many of the peers leave after a quarter of their questions, without a word
    /// [default: a quarter of them; in a check none]
    #[arg(long, value_name = "N")]
    pub leavers: Option<u32>,
    /// How many of the peers speak a version that is too old
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub old: u32,
    /// With how many zero bits the hash of a proof begins: it takes 2^BITS hashes on average;
    /// at most 24 [default: 10; 1 in a check]
    #[arg(long, value_name = "BITS", value_parser = clap::value_parser!(u32).range(0..=MOST_BITS))]
    pub bits: Option<u32>,
    /// How long an epoch lasts, in which a proof is good. In a check it never ends
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = values::interval)]
    #[serde(rename = "epoch_seconds", serialize_with = "values::seconds")]
    pub epoch: Duration,
    /// How long a session lasts of which nothing is heard; peers are heard of three times
    /// as often. In a check it never ends
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = values::interval)]
    #[serde(rename = "life_seconds", serialize_with = "values::seconds")]
    pub life: Duration,
    /// How many bytes a minute are passed on for each peer
    #[arg(long, value_name = "BYTES", default_value = "300000")]
    #[serde(rename = "ration_bytes")]
    pub ration: Size,
    /// How many bytes are passed on at once for a peer that was quiet
    #[arg(long, value_name = "BYTES", default_value = "64K")]
    #[serde(rename = "burst_bytes")]
    pub burst: Size,
    /// The largest message that is passed on
    #[arg(long, value_name = "BYTES", default_value = "32K")]
    #[serde(rename = "largest_bytes")]
    pub largest: Size,
    /// How many requests of each peer are served a minute; a tenth of them at once. In a check
    /// any number
    #[arg(long, value_name = "N", default_value_t = 600)]
    pub requests: u32,
    /// So many of the peers, the last ones, flood the hub while the others have the second half
    /// of their questions: with requests of all kinds, proofs that are forged, replayed or
    /// computed before their time, and what is too large
    #[arg(long, value_name = "spam:N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attack: Option<Attack>,
    /// Make a mistake, to see which property it breaks
    #[arg(long, value_name = "M")]
    #[serde(skip)]
    pub mistake: Option<Mistake>,
}

/// A mistake of the hub, or of its peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mistake {
    /// Accept a proof whatever was asked for
    ProofBoundToNothing,
    /// Accept a proof again
    ReplayAccepted,
    /// Take any session for one's own
    RegisterBeforeProof,
    /// End a session a while after it was registered, although it was heard of
    ExpiryByTheWrongClock,
    /// Never end a session
    NeverExpires,
    /// Fill the bucket of a peer that registers again
    RationResetByReconnecting,
    /// Have one bucket for all
    RationShared,
    /// Pass everything on
    RationIgnored,
    /// Begin with an empty bucket
    RationWithheld,
    /// Tell of all but the nearest
    NearestLeftOut,
    /// Pass on to those who are not registered
    ForwardToTheUnregistered,
    /// As a peer, do not ask again after the hub has restarted
    QuestionsForgotten,
    /// As a peer, register at the hub that is the furthest
    RegisteredAnywhere,
    /// As a peer, stay at a hub that does not answer
    DeadHubKept,
    /// Hand over to another hub without taking it out of the bucket
    HandedOverForNothing,
    /// Pass on what anybody hands over, and not hubs alone
    HubsUnchecked,
    /// Ask one other hub for the receiver, and no more
    OneHubAsked,
    /// Serve any number of requests
    PaceIgnored,
}

impl Mistake {
    const fn flaw(self) -> Flaw {
        match self {
            Self::ProofBoundToNothing => Flaw::ProofBoundToNothing,
            Self::ReplayAccepted => Flaw::ReplayAccepted,
            Self::RegisterBeforeProof => Flaw::RegisterBeforeProof,
            Self::ExpiryByTheWrongClock => Flaw::ExpiryByTheWrongClock,
            Self::NeverExpires => Flaw::NeverExpires,
            Self::RationResetByReconnecting => Flaw::RationResetByReconnecting,
            Self::RationShared => Flaw::RationShared,
            Self::RationIgnored => Flaw::RationIgnored,
            Self::RationWithheld => Flaw::RationWithheld,
            Self::NearestLeftOut => Flaw::NearestLeftOut,
            Self::ForwardToTheUnregistered => Flaw::ForwardToTheUnregistered,
            Self::QuestionsForgotten => Flaw::QuestionsForgotten,
            Self::RegisteredAnywhere => Flaw::RegisteredAnywhere,
            Self::DeadHubKept => Flaw::DeadHubKept,
            Self::HandedOverForNothing => Flaw::HandedOverForNothing,
            Self::HubsUnchecked => Flaw::HubsUnchecked,
            Self::OneHubAsked => Flaw::OneHubAsked,
            Self::PaceIgnored => Flaw::PaceIgnored,
        }
    }
}

impl SystemOptions for Options {
    const NAME: &'static str = "hub";
    const TOPOLOGY: Topology = Topology::Star;
    const LESSONS: &[Lesson] = &[Lesson {
        order: 68,
        name: "hub",
        title: "A hub's sessions: proofs of work, rations and what is passed on",
        about: "how to help many, and not run up a bill?",
        needs: "a channel between each hub and each peer, and between hubs, whose sender is known; it may lose and reorder messages",
        cost: "6 messages and 2^bits hashes a session; 2 messages a question, 1 or 3 more to pass it on; 2 more for each other hub that is asked",
        run: "hub",
        file: algorithm_file!("hub.rs"),
        commands: commands! {
            "testbed --peers 20 hub" => "19 peers pay, register, and reach each other through peer 0",
            "testbed simulate hub --peers 50 --seeds 100" =>
                "the same in 100 schedules: nobody gets more than the ration, nor less",
            "testbed --peers 20 hub --crash 0@1s..2s" =>
                "the hub restarts, and all sessions are good still",
            "testbed --peers 100 hub --hubs 4 --restart 1@5s" =>
                "four hubs, each with some of the peers; one restarts, and its peers register again",
            "testbed simulate hub --peers 20 --hubs 3 --kill 1@2s --seeds 100" =>
                "one of three hubs stops for ever, and its peers go on to the next nearest",
            "testbed check hub --peers 2 --crashes 1 --restarts 1" =>
                "every schedule of a peer and its hub, with a crash of either at any moment",
            "testbed simulate hub --peers 10 --seeds 10 --mistake ration-shared" =>
                "one bucket for all: refused although nothing was used",
            "testbed --peers 20 hub --questions 40 --attack spam:5" =>
                "five peers flood the hub: what that costs them, and how long the others wait",
        },
    }];

    /// All are connected with each hub.
    fn topology(&self) -> Topology {
        match self.hubs {
            1 => Topology::Star,
            hubs => Topology::Hubs(hubs),
        }
    }

    /// As many honest ones as without an attack.
    fn more_peers(&self) -> u32 {
        self.attackers()
    }

    fn algorithm(&self) -> String {
        match self.mistake {
            None => "hub".into(),
            Some(mistake) => format!("hub with {}", values::name_of(mistake)),
        }
    }

    fn build<V: Visitor>(&self, setup: Setup, visitor: V) -> Result<V::Output, SetupError> {
        let hubs = self.hubs;
        if hubs >= setup.peers && hubs > 1 {
            return Err(SetupError::NoPeers {
                hubs,
                peers: setup.peers,
            });
        }
        setup.require_hubs(hubs)?;
        let ration = self.ration.0 as u64;
        if ration == 0 || !ration.is_multiple_of(TICKS) {
            return Err(SetupError::Ration {
                ration,
                ticks: TICKS,
            });
        }
        let requests = u64::from(self.requests);
        if requests == 0 || !requests.is_multiple_of(TICKS) {
            return Err(SetupError::Requests {
                requests,
                ticks: TICKS,
            });
        }
        setup.limit_operations("--questions", self.questions.unwrap_or(5), setup.peers)?;
        for (option, count) in [
            ("--leavers", self.leavers.unwrap_or(0)),
            ("--old", self.old),
        ] {
            // Hubs do not count.
            if count > 0 && count > setup.peers.saturating_sub(hubs) {
                let peers = setup.peers;
                return Err(SetupError::TooFewPeers {
                    option,
                    count,
                    peers,
                });
            }
        }
        let (attackers, peers) = (self.attackers(), setup.peers);
        if attackers > 0 && peers.saturating_sub(hubs) <= attackers {
            return Err(SetupError::NoHonestPeer {
                attackers,
                hubs,
                peers,
            });
        }
        if self.attack.is_some() && setup.engine == Engine::ModelChecker {
            return Err(SetupError::NotInCheck { option: "--attack" });
        }
        let flaw = self.mistake.map(Mistake::flaw);
        Ok(match (self.attack, flaw) {
            (None, None) => visitor.visit(self.system(&setup, |_, hub| hub)),
            (None, Some(flaw)) => {
                visitor.visit(self.system(&setup, move |_, hub| Flawed::new(hub, flaw)))
            }
            (Some(_), None) => visitor.visit(self.attacked(&setup, |hub| hub)),
            (Some(_), Some(flaw)) => {
                visitor.visit(self.attacked(&setup, move |hub| Flawed::new(hub, flaw)))
            }
        })
    }
}

impl Options {
    /// Over real peers only a crash loses what was asked; the simulator loses messages as well.
    fn patience(&self, setup: &Setup) -> Duration {
        let lives = match setup.engine {
            // A hub that does not answer is left after 4/3 lives, and the next after a life.
            Engine::Live => 4 + 2 * (self.hubs - 1),
            Engine::Simulator | Engine::ModelChecker => LIVES,
        };
        self.life.saturating_mul(lives).max(GIVES_UP)
    }

    fn attackers(&self) -> u32 {
        self.attack.map_or(0, |attack| attack.count)
    }

    /// The system, whose last processes attack.
    fn attacked<A>(
        &self,
        setup: &Setup,
        honest: impl Fn(Hub) -> A + Send + Sync + 'static,
    ) -> Hubs<Member<A>> {
        let first = setup.peers - self.attackers();
        let span = self.system(setup, |_, hub| hub).attacked();
        let largest = self.largest.0 as u64;
        self.system(setup, move |id, hub| match id.0 < first {
            true => Member::Honest(honest(hub)),
            false => Member::Attacker(Attacker::new(id.to_string(), HUB, span, largest)),
        })
    }

    fn system<A>(
        &self,
        setup: &Setup,
        process: impl Fn(NodeId, Hub) -> A + Send + Sync + 'static,
    ) -> Hubs<A> {
        let is_check = setup.engine == Engine::ModelChecker;
        let unless_checked = |time| (!is_check).then_some(time);
        let usual = |of_check: u32, otherwise: u32| if is_check { of_check } else { otherwise };
        let [ration, burst, largest] =
            [self.ration, self.burst, self.largest].map(|Size(bytes)| bytes as u64);
        Hubs {
            processes: setup.peers,
            hubs: self.hubs,
            terms: Terms {
                bits: self.bits.unwrap_or(usual(1, 10)),
                crowd: CROWD,
                epoch: unless_checked(self.epoch),
                kept: KEPT,
                life: unless_checked(self.life),
                nearest: NEAREST,
                burst,
                tick: TICK,
                fill: ration / TICKS,
                largest,
                patience: PATIENCE,
                errands: ERRANDS,
                pace: (!is_check).then(|| Pace {
                    burst: u64::from(self.requests) / 10,
                    fill: u64::from(self.requests) / TICKS,
                }),
            },
            alive: unless_checked(self.life / 3),
            questions: self.questions.unwrap_or(usual(1, 5)),
            every: self.every,
            leavers: self.leavers.unwrap_or(usual(
                0,
                setup.peers.saturating_sub(self.attackers() + self.hubs) / 4,
            )),
            patience: self.patience(setup),
            old: self.old,
            attackers: self.attackers(),
            seed: setup.seed,
            process: Arc::new(process),
        }
    }
}
