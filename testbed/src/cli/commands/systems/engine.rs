//! An engine, with its parameters.

use std::time::Duration;

use lab::model::Plan;
use lab::options::Net;
use lab::simulator::{Crash, Limits, Scenario};
use lab::system::{self, OutagesEnd};

use crate::network::Links;

/// An engine, with its parameters.
pub(super) enum Engine {
    /// Over real peers.
    Live {
        links: Links,
        net: Net,
        scenario: Box<Scenario>,
    },
    Simulator {
        scenario: Box<Scenario>,
        limits: Limits,
        /// The seed of the first schedule, and the number of schedules.
        seeds: [u64; 2],
        /// Why a system that needs the order of channels cannot run.
        without_order: Option<lab::options::Error>,
        /// How long a failure may be made smaller.
        shrink: Duration,
        /// Whether a schedule is recorded as spans.
        is_recorded: bool,
    },
    ModelChecker(Plan),
}

impl Engine {
    pub(super) fn kind(&self) -> system::Engine {
        match self {
            Self::Live { .. } => system::Engine::Live,
            Self::Simulator { .. } => system::Engine::Simulator,
            Self::ModelChecker(_) => system::Engine::ModelChecker,
        }
    }

    /// Whether channels are first in, first out.
    pub(super) fn is_fifo(&self) -> bool {
        match self {
            Self::Live { links, .. } => links.in_order,
            Self::Simulator { scenario, .. } => scenario.fifo,
            Self::ModelChecker(plan) => plan.network.fifo,
        }
    }

    /// Whether processes crash at times that are not planned.
    pub(super) fn crashes_at_random(&self) -> bool {
        match self {
            Self::Live { scenario, .. } | Self::Simulator { scenario, .. } => {
                scenario.crashes_at_random()
            }
            Self::ModelChecker(plan) => plan.network.crashes > 0,
        }
    }

    /// Until when links go out.
    pub(super) fn outages(&self) -> Option<OutagesEnd> {
        match self {
            Self::Live { scenario, .. } | Self::Simulator { scenario, .. } => {
                scenario.outages.end()
            }
            Self::ModelChecker(_) => None,
        }
    }

    /// The planned crashes.
    pub(super) fn stops(&self) -> Vec<Crash> {
        match self {
            Self::Live { scenario, .. } | Self::Simulator { scenario, .. } => {
                scenario.crash.clone()
            }
            Self::ModelChecker(_) => Vec::new(),
        }
    }
}
