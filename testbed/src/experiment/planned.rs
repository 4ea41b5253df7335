//! The planned faults of a run over real peers, and those that its seed draws.

use std::collections::BTreeMap;
use std::time::Duration;

use lab::planned::{Faults, Strike};
use lab::simulator::{Event, Scenario};
use serde::Serialize;

/// The changes of a run: those of its scenario, and then those that the seed draws, of churn
/// and at random times.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) events: Vec<Event>,
    /// How many of them are those of the scenario.
    fixed: usize,
}

impl Plan {
    /// `end` is when the last command is given.
    pub(super) fn new(scenario: &Scenario, peers: u32, seed: u64, end: Duration) -> Self {
        let mut events = scenario.events();
        let fixed = events.len();
        let drawn = scenario.draw(peers, seed, end).events().into_iter();
        events.extend(drawn.map(|event| Event {
            ends: event.ends.map(|place| place + fixed),
            ..event
        }));
        Self { events, fixed }
    }

    /// What came of those of the scenario, in a run that took so long. `last` says when
    /// something happened last, beside faults.
    pub(super) fn faults(
        &self,
        struck: &Struck,
        took: Option<Duration>,
        last: Option<u64>,
    ) -> Faults {
        let fixed = self.events[..self.fixed].iter();
        let mut faults = Faults::new(fixed.map(Event::planned).collect());
        if let Some(took) = took {
            faults.add(took, |place| match struck.get(&place) {
                None => Strike::Never,
                Some(at) if Some(*at) > last => Strike::Late,
                Some(_) => Strike::Happened,
            });
        }
        faults
    }

    /// What came of those that the seed has drawn, without their ends.
    pub(super) fn drawn(&self, struck: &Struck) -> Drawn {
        let drawn = self.events.iter().enumerate().skip(self.fixed);
        let begins = drawn.filter(|(_, event)| event.ends.is_none());
        let (mut count, mut happened) = (0, 0);
        for (place, _) in begins {
            count += 1;
            happened += u64::from(struck.contains_key(&place));
        }
        Drawn { count, happened }
    }
}

/// When the changes of a plan struck, by their places: in nanoseconds since the Unix epoch.
pub(super) type Struck = BTreeMap<usize, u64>;

/// The faults that the seed has drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Drawn {
    /// How many.
    pub count: u64,
    /// How many happened before the run ended.
    pub happened: u64,
}

impl Drawn {
    /// The reason why nothing is known of them, if none happened.
    pub(super) fn never(self) -> Option<String> {
        let Self { count, happened } = self;
        (count > 0 && happened == 0).then(|| {
            format!(
                "none of the {count} faults that were drawn ever happened: the run ended before; \
                 take shorter sessions, or a longer run"
            )
        })
    }

    /// A line, if there are any.
    pub(super) fn text(self) -> String {
        match self {
            Self { count: 0, .. } => String::new(),
            Self { count, happened } => {
                format!("drawn faults      {happened} of {count} happened before the end\n")
            }
        }
    }
}
