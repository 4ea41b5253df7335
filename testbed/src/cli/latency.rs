//! `testbed latency` on the command line.

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::Error;
use super::scenario::Takes;
use super::values::{self, Size};
use super::{Common, Measure};
use crate::experiment::latency::{self, Options};
use crate::run::RunOptions;

/// Options of `testbed latency`.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of latency")]
pub struct Latency {
    /// How large messages are, there and back: a list, one size after the other
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "1K")]
    pub size: Vec<Size>,
    /// How many messages of each size
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=MOST))]
    pub messages: u32,
    /// Who sends to whom
    #[arg(long, value_name = "P", default_value = "random")]
    pub pairs: Pairs,
    /// How many messages are under way at once
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=MOST), conflicts_with = "interval")]
    pub concurrent: u32,
    /// The time from one message to the next, whatever became of it [default: as
    /// soon as there is an answer]
    #[arg(long, value_name = "TIME", value_parser = values::interval)]
    pub interval: Option<Duration>,
    /// How long an answer may take
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = values::interval)]
    pub patience: Duration,
}

/// How many messages may be asked for. A guess.
const MOST: i64 = 10_000_000;

/// The senders and receivers of the turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Pairs {
    /// Each message between two peers that are connected, chosen at random;
    /// never to oneself
    Random,
}

impl Measure for Latency {
    type Experiment = latency::Latency;

    fn checked(&self, common: &Common) -> Result<(latency::Latency, RunOptions), Error> {
        let latency = latency::Latency::new(self.into());
        let options = common.checked(self.need())?;
        Takes::Network.check(&options)?;
        Ok((latency, options))
    }
}

impl From<&Latency> for Options {
    fn from(args: &Latency) -> Self {
        let Pairs::Random = args.pairs;
        Self {
            sizes: args.size.iter().map(|size| size.0).collect(),
            messages: args.messages,
            concurrent: args.concurrent as usize,
            interval: args.interval,
            patience: args.patience,
        }
    }
}
