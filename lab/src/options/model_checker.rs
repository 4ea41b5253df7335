//! Options of the model checker.

use std::num::NonZeroUsize;

use clap::Args;
use trace::steps::Processes;

use super::error::Error;
use super::network::{Channel, Net};
use crate::model::{Bounds, Network, Plan, UNLIMITED};
use crate::values::Memory;

/// What the model checker tries.
#[derive(Clone, Debug, Args)]
pub struct States {
    /// Any message may be lost; with a number, at most so many in a run
    #[arg(long, global = true, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = ANY, value_parser = at_most)]
    pub lossy: Option<u32>,
    /// Any message may come twice; with a number, at most so many in a run
    #[arg(long, global = true, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = ANY, value_parser = at_most)]
    pub duplicating: Option<u32>,
    /// How many times a process may crash in a run, at any moment
    #[arg(long, global = true, value_name = "N", default_value_t = 0)]
    pub crashes: u32,
    /// How many times a process that has crashed restarts in a run, with its durable
    /// fields; until then it loses all messages
    #[arg(long, global = true, value_name = "N", default_value_t = 0)]
    pub restarts: u32,
    /// How many different states are tried at most
    #[arg(long, global = true, value_name = "N", default_value_t = Bounds::STATES)]
    pub max_states: NonZeroUsize,
    /// How many steps the runs have at most that are tried
    #[arg(long, global = true, value_name = "N", default_value_t = Bounds::DEPTH)]
    pub max_depth: u64,
    /// How much memory the process takes at most [default: half of what is free]
    #[arg(long, global = true, value_name = "BYTES")]
    pub max_memory: Option<Memory>,
}

impl States {
    /// The search that the options ask for.
    ///
    /// # Errors
    /// [`Error`] names the value and the way out.
    pub fn plan(&self, net: &Net, processes: Processes, seed: u64) -> Result<Plan, Error> {
        let ignored = [
            ("--kill", !net.kill.is_empty()),
            ("--crash", !net.crash.is_empty()),
            ("--restart", !net.restart.is_empty()),
            ("--churn", net.churn.is_some()),
            ("--churn-until", net.churn_until.is_some()),
            ("--outages", net.outages.is_some()),
            ("--outages-every", net.outages_every.is_some()),
            ("--outages-until", net.outages_until.is_some()),
            ("--delay", net.delay.is_some()),
        ];
        if let Some((option, _)) = ignored.iter().find(|(_, given)| *given) {
            return Err(Error::NotChecked { option });
        }
        let network = Network {
            fifo: net.channel == Channel::Stream,
            losses: self.lossy.unwrap_or(0),
            duplicates: self.duplicating.unwrap_or(0),
            crashes: self.crashes,
            restarts: self.restarts,
        };
        let usual = Bounds::default();
        let bounds = Bounds {
            states: self.max_states,
            depth: self.max_depth,
            memory: self.max_memory.map_or(usual.memory, |most| most.0 as u64),
            time: net.timeout.unwrap_or(usual.time),
        };
        Ok(Plan {
            bounds,
            ..Plan::new(network, processes, seed)
        })
    }
}

/// The text for faults without a limit.
const ANY: &str = "any";

/// The limit of a kind of fault.
fn at_most(text: &str) -> Result<u32, String> {
    match text {
        ANY => Ok(UNLIMITED),
        number => number.parse().map_err(|_| {
            format!("{number} is no number of faults; expected for example 2, or any")
        }),
    }
}
