//! What of a scenario runs over real peers.

use lab::simulator::{Cut, Scenario};
use lab::system::OutagesEnd;

use super::Usage;
use crate::run::{RunOptions, ScenarioFile};

/// What an experiment over real peers takes of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    /// All that real peers can do, and the delay of messages.
    Messages,
    /// The same without the delay: its messages are libp2p's.
    Peers,
    /// The network alone.
    Network,
}

impl Takes {
    /// Requires that the scenario of a run has nothing else.
    ///
    /// # Errors
    /// [`Usage`] names the key and the way out.
    pub(super) fn check(self, options: &RunOptions) -> Result<(), Usage> {
        let Some(ScenarioFile { path, scenario }) = &options.scenario else {
            return Ok(());
        };
        let path = path.display();
        let refused = |what: &str, reason: &str| {
            Err(Usage::option(
                format!("--scenario {path}"),
                format!("{what}: {reason}"),
            ))
        };
        if let Some((key, reason)) = self.refused(scenario) {
            return refused(key, reason);
        }
        let lost = scenario.partition.iter();
        if lost
            .filter_map(|one| one.messages)
            .any(|cut| cut == Cut::Lost)
        {
            return refused(
                "messages = \"lost\"",
                "a partition holds what connections carry until it heals; leave it out, or write \
                 messages = \"held\"",
            );
        }
        Ok(())
    }

    fn refused(self, scenario: &Scenario) -> Option<(&'static str, &'static str)> {
        let usual = Scenario::default();
        let simulated =
            "connections lose, double and reorder nothing; take simulate, or leave it out";
        let part = "a run over real peers is always whole; take simulate, or leave it out";
        let own = "this experiment has no faults; leave it out";
        let delay = "messages are libp2p's here; take network = \"wan\" or another world";
        let is_network_alone = self == Self::Network;
        let has_delay = self == Self::Messages;
        let keys = [
            ("loss", scenario.loss > 0.0, simulated),
            ("duplication", scenario.duplication > 0.0, simulated),
            ("fifo", !scenario.fifo, simulated),
            ("commands", scenario.commands.is_some(), part),
            ("steps", scenario.steps.is_some(), part),
            ("delay", scenario.delay != usual.delay && !has_delay, delay),
            ("crash", !scenario.crash.is_empty() && is_network_alone, own),
            (
                "partition",
                !scenario.partition.is_empty() && is_network_alone,
                own,
            ),
            ("pause", !scenario.pause.is_empty() && is_network_alone, own),
            ("slow", !scenario.slow.is_empty() && is_network_alone, own),
            ("links", !scenario.links.is_empty() && is_network_alone, own),
            ("churn", !scenario.churn.is_none() && is_network_alone, own),
            (
                "outages",
                !scenario.outages.is_none() && is_network_alone,
                own,
            ),
            (
                "outages",
                scenario.outages.end() == Some(OutagesEnd::WithTheRun) && !has_delay,
                "this experiment ends by itself; write until = \"10m\" as well",
            ),
            (
                "random",
                !scenario.random.is_none() && is_network_alone,
                own,
            ),
        ];
        let given = keys.into_iter().find(|(_, given, _)| *given);
        given.map(|(key, _, reason)| (key, reason))
    }
}
