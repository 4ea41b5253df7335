//! The options of attacks on gossipsub, and of the scores that peers defend themselves with.

use std::fs;
use std::path::Path;

use clap::Args;
use lab::values;
use node::gossip::{Attack, Parameters, Scoring};

use crate::cli::Usage;
use crate::network::Attackers;
use crate::run::RunOptions;

/// Attacks, and scores.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub struct Security {
    /// Whether peers score their neighbours: off, on, or a TOML file of parameters
    /// (docs/attacks.md) [default: off]
    #[arg(long, value_name = "off|on|FILE")]
    pub scoring: Option<String>,
    /// What attackers do, from when the meshes have formed
    #[arg(long, value_name = "KIND")]
    pub attack: Option<Attack>,
    /// How many attackers there are: the last of the peers [default: a fifth]
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

    /// The attackers of a run, whose connections are added to its own.
    ///
    /// # Errors
    /// There are too many, or the attack does nothing in this run.
    pub(super) fn attackers(
        &self,
        options: &mut RunOptions,
        parameters: &Parameters,
    ) -> Result<Option<Attackers>, Usage> {
        let Some(attack) = self.attack else {
            return Ok(None);
        };
        let count = self.attackers.unwrap_or((options.peers / 5).max(1));
        if options.peers < count.saturating_add(HONEST) {
            return Err(Usage::value(
                format!("--attackers {count}"),
                format!(
                    "of {} peers at least {HONEST} are none; start more peers",
                    options.peers
                ),
            ));
        }
        if attack == Attack::Spam && !parameters.signed {
            return Err(Usage::option(
                "--attack spam",
                "sends messages without a signature, which --unsigned makes valid; leave out one of them",
            ));
        }
        if options.scenario().has_faults() {
            return Err(Usage::option(
                "--attack",
                "beside the faults of a scenario nobody could tell what did the harm; leave out one of them",
            ));
        }
        let first = options.peers - count;
        if attack == Attack::Eclipse {
            let others = (first..options.peers).map(|attacker| (attacker, 0));
            let is_new = |edge: &(u32, u32)| {
                let back = (edge.1, edge.0);
                !options.edges.contains(edge) && !options.edges.contains(&back)
            };
            let others: Vec<_> = others.filter(is_new).collect();
            options.edges.extend(others);
        }
        Ok(Some(Attackers { attack, first }))
    }
}

fn read(path: &Path) -> Result<Scoring, String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    let scoring: Scoring = toml::from_str(&text).map_err(|error| error.to_string())?;
    scoring.at_rate(Some(1.0)).check()?;
    Ok(scoring)
}
