//! `testbed kad` on the command line.

use std::time::Duration;

use clap::Args;
use node::lookup::{Intervals, MAX_RECORD};

use super::need::MANY;
use super::scenario::Takes;
use super::values::{self, Size};
use super::{Common, Measure};
use super::{Error, Usage};
use crate::experiment::kad::{self, KEY, Kind, Options};
use crate::network::Tables;
use crate::run::RunOptions;

/// Options of `testbed kad`.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of kad")]
pub struct Kad {
    /// How routing tables are filled [default: bootstrap up to 256 peers, given for more]
    #[arg(long, value_name = "HOW")]
    pub tables: Option<Tables>,
    /// How many operations, each of a peer chosen at random
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=MOST))]
    pub operations: u32,
    /// Which operations, in equal parts; twice the same makes it twice as
    /// frequent. find looks for the closest peers to a key
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = "put,get,provide,providers,find"
    )]
    pub mix: Vec<Kind>,
    /// How many bytes a value has: up to some 16K, with its key
    #[arg(long, value_name = "BYTES", default_value = "256")]
    pub size: Size,
    /// The time from one operation to the next
    #[arg(long, value_name = "TIME", default_value = "20ms", value_parser = values::interval)]
    pub interval: Duration,
    /// How long an operation may take
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = values::interval)]
    pub patience: Duration,
    /// How often a peer looks itself up, which refreshes its table [default: libp2p's, 5m]
    #[arg(long, value_name = "TIME", value_parser = values::interval)]
    pub refresh: Option<Duration>,
    /// How often a peer publishes its records again, which replaces those of peers that left
    /// [default: libp2p's, 24h, and 12h of providers]
    #[arg(long, value_name = "TIME", value_parser = values::interval)]
    pub republish: Option<Duration>,
}

/// Up to so many peers meet while they fill their tables: 512 take minutes, and 1,000 have
/// more connections than most machines have memory for.
const MEETING: u32 = 256;

/// How many operations may be asked for: each is held from the start. A guess.
const MOST: i64 = 100_000;

impl Measure for Kad {
    type Experiment = kad::Kad;

    fn checked(&self, common: &Common) -> Result<(kad::Kad, RunOptions), Error> {
        let tables = self.tables_of(common.peers_or(MANY)?);
        let kad = kad::Kad::new(self.options(tables)?);
        let options = common.checked(self.need(tables))?;
        Takes::Peers.check(&options)?;
        Ok((kad, options))
    }
}

impl Kad {
    /// How tables of so many peers are filled.
    pub fn tables_of(&self, peers: u32) -> Tables {
        self.tables.unwrap_or(match peers <= MEETING {
            true => Tables::Bootstrap,
            false => Tables::Given,
        })
    }

    fn options(&self, tables: Tables) -> Result<Options, Usage> {
        let (size, most) = (self.size.0, MAX_RECORD - KEY);
        if size > most {
            let reason = format!(
                "a message of Kademlia takes 16 KiB, and so a value of a key of {KEY} bytes at \
                 most {most}; a larger one would be stored by its own peer and travel nowhere"
            );
            return Err(Usage::value(format!("--size {size}"), reason));
        }
        Ok(Options {
            tables,
            operations: self.operations,
            mix: self.mix.clone(),
            size,
            interval: self.interval,
            patience: self.patience,
            intervals: Intervals {
                refresh: self.refresh,
                republish: self.republish,
            },
        })
    }
}
