//! Options of `audit`.

use std::time::Duration;

use algorithms::audit::{Cheat, Flaw};
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::{Audits, file};
use crate::lesson::{Lesson, algorithm_file, commands};
use crate::system::{Engine, Setup, SetupError, SystemOptions, Visitor};
use crate::values::{self, Size};

/// The most auditors unless the command line says how many: each asks all others. A guess.
const AUDITORS: u32 = 10;

/// The most blocks. A guess: each process that cheats records which ones it lacks.
const MOST_BLOCKS: i64 = 65_536;

/// Options of `audit`.
#[derive(Clone, Debug, Args, Serialize)]
#[command(next_help_heading = "Options of audit")]
pub struct Options {
    /// Which share of the peers, the last ones, lack blocks: one at least, unless it is 0
    #[arg(long, value_name = "SHARE", default_value = "20%", value_parser = values::probability)]
    pub cheaters: f64,
    /// What these answer when they are asked for a block that they lack
    #[arg(long, value_name = "CHEAT", default_value = "forge")]
    pub cheat: CheatName,
    /// Which share of the blocks each of them lacks: one block at least
    #[arg(long, value_name = "SHARE", default_value = "50%", value_parser = values::probability)]
    pub lacks: f64,
    /// How many blocks an auditor asks each other peer for in a round [default: 5; 1 in a check]
    #[arg(long, value_name = "K", value_parser = values::count::<u32>)]
    pub probes: Option<u32>,
    /// How many rounds there are [default: 2; 1 in a check]
    #[arg(long, value_name = "N", value_parser = values::count::<u32>)]
    pub rounds: Option<u32>,
    /// The time between two rounds
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = values::interval)]
    #[serde(rename = "every_seconds", serialize_with = "values::seconds")]
    pub every: Duration,
    /// How many peers, the first ones, audit all others [default: 10, or as many as do not cheat;
    /// 1 in a check]
    #[arg(long, value_name = "N", value_parser = values::count::<u32>)]
    pub auditors: Option<u32>,
    /// The time in which an answer has to come; a question is then asked once [default: none: it is
    /// asked three times, a second each]
    #[arg(long, value_name = "TIME", value_parser = values::interval)]
    #[serde(rename = "deadline_seconds", serialize_with = "values::some_seconds")]
    pub deadline: Option<Duration>,
    /// How many blocks the file has; at most 65536 [default: 64; 2 in a check]
    #[arg(long, value_name = "B", value_parser = clap::value_parser!(u32).range(1..=MOST_BLOCKS))]
    pub blocks: Option<u32>,
    /// How large a block is
    #[arg(long, value_name = "BYTES", default_value = "256")]
    #[serde(rename = "block_bytes")]
    pub block_size: Size,
    /// Make a mistake, to see which property it breaks
    #[arg(long, value_name = "M")]
    #[serde(skip)]
    pub mistake: Option<Mistake>,
}

/// What a cheater answers when it is asked for a block that it lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheatName {
    /// Made-up bytes
    Forge,
    /// Another block, which it has, with the proof for that
    Other,
    /// Nothing
    Silent,
    /// The block, which it fetches from a peer that has it: see --deadline
    Fetch,
}

/// A mistake of the auditors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mistake {
    /// Take any block of the file for the one that was asked for: see --cheat other
    IndexUnchecked,
    /// Take anything for the block
    ProofUnchecked,
    /// Ask for the blocks in their order
    BlocksPredictable,
    /// Drop a peer at the first question without an answer: see --cheat silent, and --loss
    DroppedForSilence,
    /// Let no right answer raise a score
    ScoreNeverRises,
    /// Ask a peer again that was dropped
    DroppedAskedAgain,
}

impl CheatName {
    const fn cheat(self) -> Cheat {
        match self {
            Self::Forge => Cheat::Forge,
            Self::Other => Cheat::Other,
            Self::Silent => Cheat::Silent,
            Self::Fetch => Cheat::Fetch,
        }
    }
}

impl Mistake {
    const fn flaw(self) -> Flaw {
        match self {
            Self::IndexUnchecked => Flaw::IndexUnchecked,
            Self::ProofUnchecked => Flaw::ProofUnchecked,
            Self::BlocksPredictable => Flaw::BlocksPredictable,
            Self::DroppedForSilence => Flaw::DroppedForSilence,
            Self::ScoreNeverRises => Flaw::ScoreNeverRises,
            Self::DroppedAskedAgain => Flaw::DroppedAskedAgain,
        }
    }
}

/// That share of so many: one at least, unless it is 0.
fn share(of: u32, share: f64) -> u32 {
    let count = (f64::from(of) * share).round() as u32;
    count.max(u32::from(share > 0.0))
}

impl SystemOptions for Options {
    const NAME: &'static str = "audit";
    const LESSONS: &[Lesson] = &[Lesson {
        order: 67,
        name: "audit",
        title: "Audits: random blocks with Merkle proofs, scores and cheaters",
        about: "do others store what they say they store?",
        needs: "channels that alter nothing, and whose sender is known; a hash function without collisions; messages may be lost",
        cost: "2 messages a probe, with a block and log2(B) hashes for B blocks; k probes detect a lack of the share f with 1-(1-f)^k",
        run: "audit",
        file: algorithm_file!("audit.rs"),
        commands: commands! {
            "testbed --peers 20 audit" => "four of 20 lack half of the blocks: how soon that is detected",
            "testbed simulate audit --peers 100 --cheaters 20% --probes 5 --seeds 1" =>
                "200 first audits of cheaters, beside 1-(1-f)^k",
            "testbed simulate audit --peers 20 --cheat fetch --delay 20ms --seeds 10" =>
                "cheaters fetch what they are asked for: nobody can tell",
            "testbed simulate audit --peers 20 --cheat fetch --delay 20ms --deadline 50ms --seeds 10" =>
                "two round trips take 80 ms, and one takes 40 ms: they are detected",
            "testbed simulate audit --peers 20 --loss 0.05 --seeds 20" =>
                "lost messages, and how many honest peers are dropped for it",
            "testbed check audit --peers 3" => "every block that may be drawn, in every schedule",
            "testbed simulate audit --peers 20 --cheat other --mistake index-unchecked --seeds 1" =>
                "an auditor that does not look at the index takes any block",
        },
    }];

    fn algorithm(&self) -> String {
        match self.mistake {
            None => "audit".into(),
            Some(mistake) => format!("audit with {}", values::name_of(mistake)),
        }
    }

    fn build<V: Visitor>(&self, setup: Setup, visitor: V) -> Result<V::Output, SetupError> {
        setup.require_mesh()?;
        let (peers, is_check) = (setup.peers, setup.engine == Engine::ModelChecker);
        let cheaters = share(peers, self.cheaters);
        let honest = peers.saturating_sub(cheaters);
        // One fetches from an honest peer that does not audit it.
        let needs = 1 + u32::from(self.cheat == CheatName::Fetch && cheaters > 0);
        if honest < needs {
            return Err(SetupError::TooManyCheaters {
                cheaters,
                peers,
                needs,
            });
        }
        let usual = |of_check: u32, otherwise: u32| if is_check { of_check } else { otherwise };
        let auditors = self.auditors.unwrap_or(usual(1, AUDITORS.min(honest)));
        if auditors > honest {
            return Err(SetupError::TooManyAuditors { auditors, honest });
        }
        let rounds = self.rounds.unwrap_or(usual(1, 2));
        let probes = self.probes.unwrap_or(usual(1, 5));
        setup.limit_operations("--rounds", rounds, peers)?;
        setup.limit_operations("--probes", probes, peers)?;
        let blocks = self.blocks.unwrap_or(usual(2, 64));
        let block_size = self.block_size.0;
        Ok(visitor.visit(Audits {
            processes: peers,
            auditors,
            cheaters,
            cheat: self.cheat.cheat(),
            lacks: share(blocks, self.lacks).max(1),
            rounds,
            every: self.every,
            probes,
            deadline: self.deadline,
            flaw: self.mistake.map(Mistake::flaw),
            file: file(setup.seed, blocks, block_size),
            blocks,
            block_size,
        }))
    }
}
