//! Options of `snapshot`.

use std::marker::PhantomData;
use std::time::Duration;

use algorithms::bank::Bank;
use algorithms::chandy_lamport::ChandyLamport;
use algorithms::lai_yang::LaiYang;
use algorithms::naive_snapshot::NaiveSnapshot;
use algorithms::producer_consumer::ProducerConsumer;
use algorithms::token::Tokens;
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::{Pair, Snapshots, Workload};
use crate::lesson::Lesson;
use crate::system::{Setup, SetupError, SystemOptions, Visitor};
use crate::values;

/// What each process has at the start. A guess: enough that few run out.
const AMOUNT: u64 = 100;

/// Options of `snapshot`.
#[derive(Clone, Debug, Args, Serialize)]
#[command(next_help_heading = "Options of snapshot")]
pub struct Options {
    /// Which algorithm records
    #[arg(long, value_name = "A", default_value = "chandy-lamport")]
    #[serde(skip)]
    pub algorithm: SnapshotAlgorithm,
    /// What is recorded
    #[arg(long, value_name = "W", default_value = "bank")]
    #[serde(skip)]
    pub workload: Application,
    /// How many peers start snapshots: the first ones
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = crate::values::count::<u32>)]
    pub initiators: u32,
    /// How many snapshots each of them starts
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = crate::values::count::<u32>)]
    pub snapshots: u32,
    /// The time until the first snapshot, and to the next
    #[arg(long, value_name = "TIME", default_value = "200ms", value_parser = values::duration)]
    #[serde(rename = "every_seconds", serialize_with = "values::seconds")]
    pub every: Duration,
    /// How often a peer acts, in times a second
    #[arg(long, value_name = "R", default_value_t = 50.0, value_parser = values::rate)]
    #[serde(rename = "rate_per_second")]
    pub rate: f64,
    /// How often a peer acts at most [default: without end; 1 in a check]
    #[arg(long, value_name = "N")]
    pub acts: Option<u64>,
    /// How long a peer waits for the others before it aborts the snapshot
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = values::duration)]
    #[serde(rename = "patience_seconds", serialize_with = "values::seconds")]
    pub patience: Duration,
}

/// A snapshot algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SnapshotAlgorithm {
    /// Markers, in channels that keep the order.
    ChandyLamport,
    /// Colours and counters, in channels of any kind.
    LaiYang,
    /// Each process reports its state when asked. Wrong on purpose.
    Naive,
}

/// An application whose state is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Application {
    /// Transfers between accounts.
    Bank,
    /// Tokens that move at random.
    Token,
    /// Producers and consumers.
    ProducerConsumer,
}

impl SystemOptions for Options {
    const NAME: &'static str = "snapshot";
    const LESSONS: &[Lesson] = super::lessons::LESSONS;

    fn algorithm(&self) -> String {
        values::name_of(self.algorithm)
    }

    fn workload(&self) -> Option<String> {
        Some(values::name_of(self.workload))
    }

    fn build<V: Visitor>(&self, setup: Setup, visitor: V) -> Result<V::Output, SetupError> {
        setup.limit_processes("--initiators", self.initiators)?;
        setup.limit_operations("--snapshots", self.snapshots, self.initiators)?;
        setup.require_connected()?;
        Ok(match self.workload {
            Application::Bank => self.of::<Bank, V>(setup, visitor),
            Application::Token => self.of::<Tokens, V>(setup, visitor),
            Application::ProducerConsumer => self.of::<ProducerConsumer, V>(setup, visitor),
        })
    }
}

impl Options {
    /// Snapshots of that application, by the algorithm that is asked for.
    fn of<A: Workload, V: Visitor>(&self, setup: Setup, visitor: V) -> V::Output {
        match self.algorithm {
            SnapshotAlgorithm::ChandyLamport => {
                visitor.visit(self.system::<(A, ChandyLamport<A>)>(setup))
            }
            SnapshotAlgorithm::LaiYang => visitor.visit(self.system::<(A, LaiYang<A>)>(setup)),
            SnapshotAlgorithm::Naive => visitor.visit(self.system::<(A, NaiveSnapshot<A>)>(setup)),
        }
    }

    fn system<P: Pair>(&self, setup: Setup) -> Snapshots<P> {
        Snapshots {
            neighbours: setup.numbers(),
            initiators: self.initiators,
            each: self.snapshots,
            every: self.every,
            amount: match (self.workload, setup.acts()) {
                (Application::Token | Application::ProducerConsumer, Some(_)) => 1,
                (Application::Bank, _) | (_, None) => AMOUNT,
            },
            pace: Duration::from_secs_f64(1.0 / self.rate),
            limit: self.acts.or(setup.acts()).unwrap_or(u64::MAX),
            patience: self.patience,
            fifo: setup.fifo,
            algorithm: PhantomData,
        }
    }
}
