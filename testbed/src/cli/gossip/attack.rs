//! The options of attacks on gossipsub, and of the scores that peers defend themselves with.

use std::fs;
use std::path::Path;
use std::time::Duration;

use clap::Args;
use lab::topology::{Edges, Topology};
use lab::values;
use node::gossip::{Attack, Parameters, Scoring};
use rand::SeedableRng as _;
use rand::seq::index::sample;
use rand_chacha::ChaCha8Rng;

use crate::cli::{Error, Usage, values as times};
use crate::network::{Attackers, VICTIM};
use crate::run::RunOptions;

/// Attacks, and scores.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub struct Security {
    /// Whether peers score their neighbours: off, on, or a TOML file of parameters
    /// (docs/attacks.md) [default: off]
    #[arg(long, value_name = "off|on|FILE")]
    pub scoring: Option<String>,
    /// After how many heartbeats a mesh whose median score is too low takes in better
    /// neighbours (OpportunisticGraftTicks) [default: 60]
    #[arg(long, value_name = "N", value_parser = values::count::<u32>, requires = "scoring")]
    pub opportunistic_ticks: Option<u32>,
    /// How many it takes in (OpportunisticGraftPeers) [default: 2]
    #[arg(long, value_name = "N", requires = "scoring")]
    pub opportunistic_peers: Option<usize>,
    /// Within what time a neighbour has to send what it announced and was asked for, or it
    /// has broken a promise (IWantFollowupTime) [default: 3s]
    #[arg(long, value_name = "TIME", value_parser = times::interval, requires = "scoring")]
    pub iwant_followup: Option<Duration>,
    /// A neighbour that wants to enter the mesh so soon after it was left out is punished
    /// twice; at most the back-off (GraftFloodThreshold) [default: 10s]
    #[arg(long, value_name = "TIME", value_parser = times::duration, requires = "scoring")]
    pub graft_flood: Option<Duration>,
    /// What attackers do, from when the meshes have formed
    #[arg(long, value_name = "KIND")]
    pub attack: Option<Attack>,
    /// How many attackers there are: the last of the peers. --topology connects the others,
    /// and each attacker dials as many of them as they have neighbours [default: a fifth]
    #[arg(long, value_name = "N", value_parser = values::count::<u32>, requires = "attack")]
    pub attackers: Option<u32>,
}

/// The honest peers that a run needs: one that publishes, and one that receives.
const HONEST: u32 = 2;

impl Security {
    /// The parameters of scoring; `None` without it.
    ///
    /// # Errors
    /// The file cannot be read, or libp2p does not take what it has.
    pub(super) fn scoring(&self) -> Result<Option<Scoring>, Usage> {
        match self.scoring.as_deref() {
            None | Some("off") => Ok(None),
            Some("on") => Ok(Some(Scoring::default())),
            Some(path) => read(Path::new(path)).map(Some).map_err(|why| {
                let reason = format!("{why}; take off, on, or a file as in docs/attacks.md");
                Usage::value(format!("--scoring {path}"), reason)
            }),
        }
    }

    /// The attackers of a run. The others are connected as its topology says, and each
    /// attacker dials some of them.
    ///
    /// # Errors
    /// There are too many, or the attack does nothing in this run.
    pub(in crate::cli) fn attackers(
        &self,
        options: &mut RunOptions,
        parameters: &Parameters,
    ) -> Result<Option<Attackers>, Error> {
        let Some(attack) = self.attack else {
            return Ok(None);
        };
        let count = self.attackers.unwrap_or((options.peers / 5).max(1));
        if options.peers < count.saturating_add(HONEST) {
            let reason = format!(
                "of {} peers at least {HONEST} are none; start more peers",
                options.peers
            );
            return Err(Usage::value(format!("--attackers {count}"), reason).into());
        }
        if attack == Attack::Spam && !parameters.signed {
            return Err(Usage::option(
                "--attack spam",
                "sends messages without a signature, which --unsigned makes valid; leave out one of them",
            )
            .into());
        }
        if options.scenario().has_faults() {
            return Err(Usage::option(
                "--attack",
                "--scenario has faults as well, and the results could not say which of them did the harm; leave out one of them",
            )
            .into());
        }
        let first = options.peers - count;
        options.edges = edges(options, attack, first)?;
        Ok(Some(Attackers { attack, first }))
    }
}

/// Those of the honest peers, whose numbers are below `honest`. An attacker dials as many of
/// them at random as each of them has neighbours on average; to eclipse a peer, it dials that
/// one alone.
fn edges(options: &RunOptions, attack: Attack, honest: u32) -> Result<Edges, Error> {
    let topology = options.topology.parse::<Topology>();
    let topology =
        topology.map_err(|why| Usage::value(format!("--topology {}", options.topology), why))?;
    let mut edges = topology
        .among(honest)
        .edges(honest, options.seed)
        .map_err(|error| {
            let reason = format!("it connects the {honest} peers that do not attack, and --peers counts attackers as well: {error}");
            Usage::value(format!("--topology {}", options.topology), reason)
        })?;
    let degree = (2 * edges.len()).div_ceil(honest as usize);
    let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
    for attacker in honest..options.peers {
        if attack == Attack::Eclipse {
            edges.push((attacker, VICTIM));
            continue;
        }
        let mut dialled = sample(&mut rng, honest as usize, degree.min(honest as usize)).into_vec();
        dialled.sort_unstable();
        edges.extend(dialled.into_iter().map(|peer| (attacker, peer as u32)));
    }
    Ok(edges)
}

fn read(path: &Path) -> Result<Scoring, String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    let scoring: Scoring = toml::from_str(&text).map_err(|error| error.to_string())?;
    // TOML has floats that are no numbers, and libp2p takes them.
    let table: toml::Table = toml::from_str(&text).map_err(|error| error.to_string())?;
    let mut floats = table
        .iter()
        .filter_map(|(name, value)| Some((name, value.as_float()?)));
    if let Some((name, float)) = floats.find(|(_, float)| !float.is_finite()) {
        return Err(format!("{name} = {float} is no number"));
    }
    scoring.check()?;
    Ok(scoring)
}
