//! The size of a run.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::Case;
use crate::simulator::Ran;
use crate::system::System;

/// The size of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Size {
    /// How many processes it has.
    pub peers: u32,
    /// How many commands they get.
    pub commands: usize,
    /// How many steps they take.
    pub steps: u64,
    /// How many messages they send.
    pub messages: u64,
    /// How many processes crash, pause or slow down, partitions begin, and messages are lost
    /// or come twice at random.
    pub faults: u64,
}

impl Size {
    /// Of a schedule of `case` that ran.
    pub(in crate::simulator) fn of<S: System, R>(case: &Case<S>, ran: &Ran<R>) -> Self {
        let (scenario, drawn) = (&case.scenario, &ran.drawn);
        let crashes = scenario.crash.iter().chain(&drawn.crash);
        let crashes = crashes.map(|crash| crash.at);
        let partitions = scenario.partition.iter().chain(&drawn.partition);
        let partitions = partitions.map(|part| part.at);
        let pauses = scenario.pause.iter().map(|pause| pause.at);
        let slow = scenario.slow.iter().map(|slow| slow.at);
        let begun = |at: &Duration| *at <= ran.took;
        let all = crashes.chain(partitions).chain(pauses).chain(slow);
        let begun = all.filter(begun).count() as u64;
        Self {
            peers: case.peers(),
            commands: case.commands() - ran.left_out,
            steps: ran.steps,
            messages: ran.messages,
            faults: begun + ran.strikes.lost + ran.strikes.doubled,
        }
    }
}

/// `20 peers, 5 commands, 41 messages, 3 faults`
impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [
            (u64::from(self.peers), "peer"),
            (self.commands as u64, "command"),
            (self.messages, "message"),
            (self.faults, "fault"),
        ];
        // Many systems have no commands.
        let counts = counts.into_iter().filter(|one| *one != (0, "command"));
        for (place, (count, what)) in counts.enumerate() {
            let comma = if place > 0 { ", " } else { "" };
            let plural = if count == 1 { "" } else { "s" };
            write!(f, "{comma}{count} {what}{plural}")?;
        }
        Ok(())
    }
}
