//! The planned changes of a scenario, for all engines.

use std::time::Duration;

use algorithms::NodeId;
use trace::history::Mark;

use super::{Crash, Direction, DrawnFaults, Partition, Scenario};
use crate::planned::Planned;
use crate::stats::show;
use crate::values;
use crate::world::World;

/// How many members of a group are named. A guess.
const NAMED: usize = 4;

/// A planned change of the network or of a process.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When, after the start.
    pub at: Duration,
    /// What changes.
    pub change: Change,
    /// The place of the event that it ends, if it ends one.
    pub ends: Option<usize>,
}

/// What changes.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// A process stops.
    Crash(Crash),
    /// It restarts.
    Restart(Crash),
    /// Messages between two groups are lost, or wait.
    Part(Partition),
    /// They arrive again.
    Heal(Partition),
    /// A process takes no steps.
    Pause(u32),
    /// It takes steps again.
    Resume(u32),
    /// What reaches a process arrives so much later.
    Slow(u32, Duration),
    /// It arrives as usual.
    Usual(u32),
    /// The links are others.
    Links(World),
}

impl Scenario {
    /// The changes that it plans: crashes, partitions, pauses, slow processes and links, each
    /// followed by its end.
    pub fn events(&self) -> Vec<Event> {
        let mut all = Vec::new();
        let mut add = |at, change, end: Option<(Duration, Change)>| {
            let place = all.len();
            let ends = None;
            all.push(Event { at, change, ends });
            all.extend(end.map(|(at, change)| Event {
                at,
                change,
                ends: Some(place),
            }));
        };
        for one in &self.crash {
            let restart = one.restart.map(|at| (at, Change::Restart(one.clone())));
            add(one.at, Change::Crash(one.clone()), restart);
        }
        for one in &self.partition {
            let heal = one.heal.map(|at| (at, Change::Heal(one.clone())));
            add(one.at, Change::Part(one.clone()), heal);
        }
        for one in &self.pause {
            let resume = (one.resume, Change::Resume(one.process));
            add(one.at, Change::Pause(one.process), Some(resume));
        }
        for one in &self.slow {
            let until = one.until.map(|at| (at, Change::Usual(one.process)));
            add(one.at, Change::Slow(one.process, one.by), until);
        }
        for one in &self.links {
            add(one.at, Change::Links(one.network.clone()), None);
        }
        all
    }

    /// The faults that a run with that seed draws: those of churn, outages, and then those at
    /// random times. `end` is when its last command is given.
    pub fn draw(&self, processes: u32, seed: u64, end: Duration) -> DrawnFaults {
        let churn = self.churn.draw(processes, seed);
        let fixed = [&self.crash[..], &churn].concat();
        let mut drawn = self.random.draw(&fixed, processes, seed);
        drawn.churn = churn.len();
        drawn.crash.splice(0..0, churn);
        let outages = self.outages.draw(processes, seed, end);
        drawn.outages = outages.len();
        drawn.partition.splice(0..0, outages);
        drawn
    }
}

impl DrawnFaults {
    /// The changes that they are, as those of a [scenario](Scenario::events).
    pub fn events(&self) -> Vec<Event> {
        let scenario = Scenario {
            crash: self.crash.clone(),
            partition: self.partition.clone(),
            ..Scenario::default()
        };
        scenario.events()
    }
}

impl Event {
    /// The same, for a report of what came of it.
    pub fn planned(&self) -> Planned {
        let at = self.at;
        let planned = match &self.change {
            Change::Crash(crash) => Planned::crash(crash.process, at),
            Change::Restart(crash) => Planned::restart(crash.process, at),
            other => Planned::new(other.name(), at),
        };
        match self.ends {
            Some(place) => planned.after(place),
            None => planned,
        }
    }
}

impl Change {
    /// The span that records it, among so many peers.
    pub fn mark(&self, peers: u32) -> Mark {
        let name = |process: u32| NodeId(process).to_string();
        let separation = |partition: &Partition, ends| {
            let names = |side: Vec<u32>| side.into_iter().map(|peer| name(peer).into()).collect();
            let one_way = partition.one_way.map(values::name_of);
            Mark::separation(&partition.sides(peers).map(names), one_way, ends)
        };
        match self {
            Self::Crash(crash) => Mark::kill(name(crash.process)),
            Self::Restart(crash) => Mark::restart(name(crash.process)),
            Self::Part(partition) => separation(partition, false),
            Self::Heal(partition) => separation(partition, true),
            Self::Pause(process) => Mark::pause(name(*process)),
            Self::Resume(process) => Mark::resume(name(*process)),
            Self::Slow(process, by) => Mark::slow(name(*process), *by),
            Self::Usual(process) => Mark::usual(name(*process)),
            Self::Links(world) => Mark::links(world.name.clone()),
        }
    }

    fn name(&self) -> String {
        let peer = |process: &u32| NodeId(*process);
        match self {
            Self::Crash(crash) => format!("the crash of {}", peer(&crash.process)),
            Self::Restart(crash) => format!("the restart of {}", peer(&crash.process)),
            Self::Part(partition) => format!("the partition of {}", sides(partition)),
            Self::Heal(partition) => format!("the heal of {}", sides(partition)),
            Self::Pause(process) => format!("the pause of {}", peer(process)),
            Self::Resume(process) => format!("the resumption of {}", peer(process)),
            Self::Slow(process, by) => {
                format!("the slowdown of {} by {}", peer(process), show(*by))
            }
            Self::Usual(process) => format!("the end of the slowdown of {}", peer(process)),
            Self::Links(world) => format!("the change of links to {}", world.name),
        }
    }
}

/// `peer-00, peer-01`, or `peer-00 from peer-02`
fn sides(partition: &Partition) -> String {
    let group = members(&partition.group);
    let way = match partition.one_way {
        None => "from",
        Some(Direction::From) => "to",
        Some(Direction::To) => "(receiving) from",
    };
    match (&partition.others, partition.one_way) {
        (None, None) => group,
        (None, Some(_)) => format!("{group} {way} the others"),
        (Some(others), _) => format!("{group} {way} {}", members(others)),
    }
}

fn members(group: &[u32]) -> String {
    let named = group.iter().take(NAMED);
    let mut who: Vec<_> = named.map(|node| NodeId(*node).to_string()).collect();
    if group.len() > NAMED {
        who.push(format!("{} more", group.len() - NAMED));
    }
    who.join(", ")
}
