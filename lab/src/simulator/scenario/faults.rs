//! Faults that have a time: crashes, partitions, pauses, slow processes, and other links.

use std::time::Duration;

use clap::ValueEnum;
use serde::Deserialize;

use super::{Error, written};
use crate::world::World;

/// A process stops.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crash {
    /// Its number.
    pub process: u32,
    /// When, after the start.
    #[serde(deserialize_with = "written::time")]
    pub at: Duration,
    /// When it goes on, if it does.
    #[serde(default, deserialize_with = "written::some_time")]
    pub restart: Option<Duration>,
    /// What it still knows then.
    #[serde(default)]
    pub state: Memory,
}

impl Crash {
    /// Whether it stops for ever, or forgets.
    pub(in crate::simulator) fn loses_memory(&self) -> bool {
        self.restart.is_none() || self.state == Memory::Lost
    }
}

/// What a process still knows after a crash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Memory {
    /// Everything: only messages are lost, and time.
    #[default]
    Kept,
    /// Its durable fields alone: it starts anew.
    Lost,
}

/// Messages between two groups are lost, or wait.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partition {
    /// From when on, after the start.
    #[serde(deserialize_with = "written::time")]
    pub at: Duration,
    /// Until when, if it ends.
    #[serde(default, deserialize_with = "written::some_time")]
    pub heal: Option<Duration>,
    /// The processes on one side.
    pub group: Vec<u32>,
    /// The processes on the other side: all others, without it.
    #[serde(default)]
    pub others: Option<Vec<u32>>,
    /// The only direction that is cut, if it is one.
    #[serde(default)]
    pub one_way: Option<Direction>,
    /// What happens to the messages: the engine decides, without it.
    #[serde(default)]
    pub messages: Option<Cut>,
}

/// A direction of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Messages from the group to the others.
    From,
    /// Messages from the others to the group.
    To,
}

/// What a partition does to messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Cut {
    /// They are lost.
    Lost,
    /// They wait, and arrive when it is healed.
    Held,
}

impl Partition {
    /// Whether it cuts the way from one process to another, while it lasts.
    pub fn cuts(&self, from: u32, to: u32) -> bool {
        let one_side = |process| self.group.contains(&process);
        let other_side = |process| match &self.others {
            None => !one_side(process),
            Some(others) => others.contains(&process),
        };
        let out = one_side(from) && other_side(to);
        let back = other_side(from) && one_side(to);
        match self.one_way {
            None => out || back,
            Some(Direction::From) => out,
            Some(Direction::To) => back,
        }
    }

    /// The two sides among so many processes.
    pub fn sides(&self, processes: u32) -> [Vec<u32>; 2] {
        let all = || 0..processes;
        let group = all().filter(|process| self.group.contains(process));
        let others = all().filter(|process| match &self.others {
            None => !self.group.contains(process),
            Some(others) => others.contains(process),
        });
        [group.collect(), others.collect()]
    }

    pub(in crate::simulator) fn lasts(&self, now: Duration) -> bool {
        self.at <= now && self.heal.is_none_or(|heal| now < heal)
    }
}

/// A process takes no step for a time. Nothing is lost: messages wait, and timers.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pause {
    /// Its number.
    pub process: u32,
    /// From when on, after the start.
    #[serde(deserialize_with = "written::time")]
    pub at: Duration,
    /// When it goes on. A process that never does has crashed.
    #[serde(deserialize_with = "written::time")]
    pub resume: Duration,
}

/// What reaches a process arrives later.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slow {
    /// Its number.
    pub process: u32,
    /// From when on, after the start.
    #[serde(deserialize_with = "written::time")]
    pub at: Duration,
    /// Until when, if it ends.
    #[serde(default, deserialize_with = "written::some_time")]
    pub until: Option<Duration>,
    /// How much later.
    #[serde(deserialize_with = "written::time")]
    pub by: Duration,
}

/// The links between processes are others from a time on.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewLinks {
    /// From when on, after the start.
    #[serde(deserialize_with = "written::time")]
    pub at: Duration,
    /// The links.
    #[serde(deserialize_with = "written::links")]
    pub network: World,
}

/// A fault: when it begins and ends, and the processes that it names.
type Span<'a> = (Duration, Option<Duration>, Vec<&'a u32>);

impl super::Scenario {
    /// All faults, in the order of the fields.
    fn spans(&self) -> impl Iterator<Item = Span<'_>> {
        let crashes = self.crash.iter();
        let crashes = crashes.map(|one| (one.at, one.restart, vec![&one.process]));
        let partitions = self.partition.iter().map(|one| {
            let others = one.others.iter().flatten();
            (one.at, one.heal, one.group.iter().chain(others).collect())
        });
        let pauses = self.pause.iter();
        let pauses = pauses.map(|one| (one.at, Some(one.resume), vec![&one.process]));
        let slow = self.slow.iter();
        let slow = slow.map(|one| (one.at, one.until, vec![&one.process]));
        let links = self.links.iter().map(|one| (one.at, None, Vec::new()));
        let all = crashes.chain(partitions).chain(pauses);
        all.chain(slow).chain(links)
    }

    /// When the last fault ends or, if it does not end, begins.
    pub fn last_fault(&self) -> Duration {
        let all = self.spans().map(|(at, end, _)| end.unwrap_or(at));
        all.max().unwrap_or_default()
    }

    /// Requires that faults name processes that exist, and end after they begin.
    pub(super) fn check_faults(&self, processes: u32) -> Result<(), Error> {
        let mut named = self.spans().flat_map(|(.., processes)| processes);
        if let Some(&process) = named.find(|process| **process >= processes) {
            return Err(Error::UnknownProcess { process, processes });
        }
        if self
            .spans()
            .any(|(at, end, _)| end.is_some_and(|end| end < at))
        {
            return Err(Error::Backwards);
        }
        let pauses = self.pause.iter();
        let pauses = pauses.map(|one| (one.process, one.at, Some(one.resume)));
        let slow = self.slow.iter().map(|one| (one.process, one.at, one.until));
        for (name, all) in [("pauses", pauses.collect()), ("slowdowns", slow.collect())] {
            if let Some(process) = overlap(all) {
                return Err(Error::Overlap { name, process });
            }
        }
        let both = self.partition.iter().find_map(|one| {
            let mut others = one.others.iter().flatten();
            others.find(|process| one.group.contains(process))
        });
        match both {
            Some(&process) => Err(Error::OnBothSides { process }),
            None => Ok(()),
        }
    }
}

/// The process of two faults that overlap, if there are any.
fn overlap(mut all: Vec<(u32, Duration, Option<Duration>)>) -> Option<u32> {
    all.sort_unstable();
    let mut pairs = all.iter().zip(all.iter().skip(1));
    let pair = pairs.find(|((process, _, end), (other, at, _))| {
        process == other && end.is_none_or(|end| *at < end)
    });
    pair.map(|((process, ..), _)| *process)
}
