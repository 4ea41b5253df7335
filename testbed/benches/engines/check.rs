//! The model checker: how many states a second.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use lab::model::{Bounds, Network, Plan, check};
use trace::steps::Processes;

use crate::bank::{BankSnapshots, bank};
use crate::figures::{median, rate, thousands};

/// The most states that are searched. A guess: seconds on any machine.
const MOST: NonZeroUsize = NonZeroUsize::new(200_000).expect("not zero");

/// Every schedule of `testbed check snapshot --peers 3`, or the first ones.
pub(crate) fn states(rounds: usize) -> String {
    let system = BankSnapshots {
        limit: 1,
        ..bank(3)
    };
    let usual = Plan::new(Network::RELIABLE, Processes::new(3), 1);
    let plan = Plan {
        bounds: Bounds {
            states: MOST,
            ..usual.bounds
        },
        ..usual
    };
    let (mut rates, mut searched) = (Vec::new(), String::new());
    for _ in 0..rounds {
        let found = check(&system, &plan, |_| ControlFlow::Continue(()));
        rates.push(rate(found.extent.states, found.took));
        searched = format!(
            "{} states, depth {}, {}, {}",
            thousands(found.extent.states as f64),
            found.extent.depth,
            if found.is_whole() {
                "all of them"
            } else {
                "not all"
            },
            match found.counterexample {
                Some(_) => "one run is wrong",
                None => "no run is wrong",
            }
        );
    }
    format!(
        "{} states a second (no target); 3 peers, a transfer each, one snapshot: {searched}; median of {rounds} rounds",
        thousands(median(rates))
    )
}
