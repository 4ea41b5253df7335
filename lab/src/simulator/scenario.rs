//! What a simulated network does, which processes stop, and which part of a run takes
//! place.

mod churn;
mod downtimes;
mod events;
mod faults;
mod inline;
mod outages;
mod random;
mod separations;
mod written;

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Deserialize;

use crate::delay::Delay;
use crate::stats::show;
use crate::system::OutagesEnd;
use crate::world::World;
pub use churn::Churn;
pub(super) use downtimes::Downtimes;
pub use events::{Change, Event};
pub use faults::{Crash, Cut, Direction, Memory, NewLinks, Partition, Pause, Slow};
pub use outages::{Asked as AskedOutages, Length as OutageLength, Outages};
pub use random::{DrawnFaults, Frequency, RandomFaults};
pub(super) use separations::Separations;

/// Why a scenario cannot be simulated: change it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// The text is no scenario.
    #[error("line {line}: {reason}")]
    Malformed {
        /// From 1.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
    /// A value is not a probability.
    #[error("{name} {value}: a probability lies between 0 and 1")]
    Probability {
        /// Its name.
        name: &'static str,
        /// The value.
        value: f64,
    },
    /// A fault names a process that the run does not have.
    #[error(
        "process {process} in the scenario: there are {processes}, from 0 to {}",
        processes.saturating_sub(1)
    )]
    UnknownProcess {
        /// The process.
        process: u32,
        /// How many there are.
        processes: u32,
    },
    /// It gives a command that the system does not have.
    #[error(
        "commands = [{number}] in the scenario: the system has {commands} commands, numbered \
         from 0; name some of these, or leave `commands` out"
    )]
    UnknownCommand {
        /// The number of the command.
        number: u32,
        /// How many the system has.
        commands: usize,
    },
    /// A fault ends before it begins.
    #[error("a fault in the scenario ends before it begins; give it a later end")]
    Backwards,
    /// Two pauses of a process, or two slowdowns.
    #[error("two {name} of process {process} in the scenario overlap; leave time between them")]
    Overlap {
        /// What overlaps.
        name: &'static str,
        /// The process.
        process: u32,
    },
    /// A process is on both sides of a partition.
    #[error("a partition in the scenario has process {process} on both sides; name it in one")]
    OnBothSides {
        /// The process.
        process: u32,
    },
    /// Churn by a trace and by distributions.
    #[error("[churn] has a trace and a session; leave one of them out")]
    TwoChurns,
    /// Churn has no time in which a process could leave.
    #[error(
        "[churn] has no time: `until` has to be later than `from`; write for example until = \"10m\""
    )]
    NoChurnTime,
    /// There would be too many sessions.
    #[error(
        "[churn]: a session and a downtime take some {cycle:?} together, and in {until} a run \
         has at most {most:.0} of them; take longer ones, or an earlier `until`"
    )]
    TooMuchChurn {
        /// The median of both.
        cycle: Duration,
        /// How long there is churn.
        until: String,
        /// How many there may be.
        most: f64,
    },
    /// Outages by a trace and by a distribution.
    #[error("[outages] has a trace and a length; leave one of them out")]
    TwoOutages,
    /// Outages have no time in which they could begin.
    #[error(
        "[outages] has no time: `until` has to be later than `from`; write for example until = \"10m\""
    )]
    NoOutageTime,
    /// There would be too many outages.
    #[error(
        "[outages]: {links} links with an outage some every {cycle:?}, for {until}, have more than \
         {most}; take a longer `every` (--outages-every), or an earlier `until` (--outages-until)"
    )]
    TooManyOutages {
        /// The median of an outage, and the mean of the time before it.
        cycle: Duration,
        /// How long there are outages.
        until: String,
        /// How many links there are.
        links: u64,
        /// How many there may be.
        most: usize,
    },
    /// A trace names a process that the run does not have.
    #[error(
        "{path}: line {line}: there is no process {process} among {processes}, from 0 to {}; take \
         more --peers, or leave the line out", processes.saturating_sub(1)
    )]
    NotInTrace {
        /// The file.
        path: String,
        /// From 1.
        line: usize,
        /// The process.
        process: u32,
        /// How many there are.
        processes: u32,
    },
    /// Random faults have no time in which they could begin.
    #[error("random faults until 0s: none could begin; write for example --faults-until 1s")]
    NoTime,
    /// A partition needs processes on both sides.
    #[error("partition: one process cannot be partitioned; take at least 2")]
    OneProcess,
    /// A schedule would have too many random faults.
    #[error(
        "{name} {frequency}: some {expected:.0} until {}, and a schedule has at most {most:.0}; \
         take a lower number, or a shorter --faults-until", show(*until)
    )]
    TooManyFaults {
        /// Their kind.
        name: &'static str,
        /// How often they were to happen.
        frequency: Frequency,
        /// How many that is.
        expected: f64,
        /// How many there may be.
        most: f64,
        /// When all faults are over.
        until: Duration,
    },
}

/// What the network does, and which processes stop. Read from a TOML file:
///
/// ```toml
/// delay = "1ms..10ms"        # or "5ms", "exponential:5ms"
/// network = "wan"            # in place of delay: lan, wan, regions, or a file
/// loss = 0.1                 # the probability that a message is lost
/// duplication = 0.05         # the probability that it comes twice
/// fifo = false               # a message may overtake another
///
/// [[crash]]
/// process = 3
/// at = "100ms"
/// restart = "200ms"          # never, without it
/// state = "kept"             # or "lost"
///
/// [[partition]]
/// at = "50ms"
/// heal = "150ms"             # never, without it
/// group = [0, 1]             # these on one side, the others on the other
/// others = [2]               # only these on the other
/// one_way = "from"           # or "to": only messages from, or to, the group
/// messages = "held"          # they wait until it is healed, or "lost"
///
/// [[pause]]
/// process = 2
/// at = "10ms"
/// resume = "40ms"
///
/// [[slow]]
/// process = 1
/// at = "10ms"
/// until = "40ms"             # to the end, without it
/// by = "5ms"                 # what reaches it arrives so much later
///
/// [[links]]
/// at = "60ms"
/// network = "lan"
///
/// [churn]                    # see Churn
/// session = "exponential:10s"
/// downtime = "1s"
/// until = "1m"
///
/// [outages]                  # see Outages
/// length = "45%<2m"
/// every = "1h"
///
/// [random]                   # faults that each schedule draws from its seed
/// crash = "0.1/s"
/// partition = 2
/// ```
///
/// A scenario of a part of a run also has these, before the tables:
///
/// ```toml
/// commands = [0, 2]          # only these commands of the system, by number
/// steps = 12                 # the run ends after so many steps
/// ```
///
/// Its text is the same as an inline table, for a command line.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scenario {
    /// How long a message travels.
    #[serde(deserialize_with = "written::delay")]
    pub delay: Delay,
    /// The links between processes, in place of `delay`.
    #[serde(deserialize_with = "written::network")]
    pub network: Option<World>,
    /// The probability that a message is lost.
    #[serde(deserialize_with = "written::probability")]
    pub loss: f64,
    /// The probability that it arrives twice.
    #[serde(deserialize_with = "written::probability")]
    pub duplication: f64,
    /// Whether a channel keeps the order.
    pub fifo: bool,
    /// Processes that stop.
    #[serde(deserialize_with = "written::crashes")]
    pub crash: Vec<Crash>,
    /// Times in which some processes cannot reach others.
    #[serde(deserialize_with = "written::partitions")]
    pub partition: Vec<Partition>,
    /// Processes that take no step for a time.
    #[serde(deserialize_with = "written::pauses")]
    pub pause: Vec<Pause>,
    /// Processes that messages reach later.
    #[serde(deserialize_with = "written::slow")]
    pub slow: Vec<Slow>,
    /// Other links, from a time on.
    #[serde(deserialize_with = "written::new_links")]
    pub links: Vec<NewLinks>,
    /// Processes that come and go.
    pub churn: Churn,
    /// Links that stop for a time.
    pub outages: Outages,
    /// Faults at random times.
    pub random: RandomFaults,
    /// Which of the system's commands are given, by their number from 0: all, without it.
    pub commands: Option<BTreeSet<u32>>,
    /// After how many steps, of all processes together, the run ends. The first step of
    /// each process is always taken.
    pub steps: Option<u64>,
}

impl Default for Scenario {
    /// Reliable FIFO channels with a delay.
    fn default() -> Self {
        Self {
            delay: Delay::Uniform(Duration::from_millis(1)..Duration::from_millis(10)),
            network: None,
            loss: 0.0,
            duplication: 0.0,
            fifo: true,
            crash: Vec::new(),
            partition: Vec::new(),
            pause: Vec::new(),
            slow: Vec::new(),
            links: Vec::new(),
            churn: Churn::default(),
            outages: Outages::default(),
            random: RandomFaults::default(),
            commands: None,
            steps: None,
        }
    }
}

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// [`Error::Malformed`], with the line.
    pub fn parse(text: &str) -> Result<Self, Error> {
        toml::from_str(text).map_err(|error| malformed(text, &error))
    }

    /// Whether it makes sense for so many processes.
    ///
    /// # Errors
    /// [`Error`] with the invalid value.
    pub fn check(&self, processes: u32) -> Result<(), Error> {
        for (name, value) in [("loss", self.loss), ("duplication", self.duplication)] {
            if !(0.0..=1.0).contains(&value) {
                return Err(Error::Probability { name, value });
            }
        }
        self.check_faults(processes)?;
        self.churn.check(processes)?;
        self.outages.check(processes)?;
        self.random.check(processes)
    }

    /// Whether it makes sense for a run of so many processes whose last command is given at `end`.
    ///
    /// # Errors
    /// [`Error::TooManyOutages`].
    pub fn check_end(&self, processes: u32, end: Duration) -> Result<(), Error> {
        self.outages.check_until(processes, end)
    }

    /// Whether a system with so many commands has those that are given.
    ///
    /// # Errors
    /// [`Error::UnknownCommand`].
    pub fn check_commands(&self, commands: usize) -> Result<(), Error> {
        let mut given = self.commands.iter().flatten();
        match given.find(|number| **number as usize >= commands) {
            Some(&number) => Err(Error::UnknownCommand { number, commands }),
            None => Ok(()),
        }
    }

    /// Whether the command of that number is given.
    pub(super) fn gives(&self, command: usize) -> bool {
        let number = u32::try_from(command);
        let is_given = |given: &BTreeSet<_>| number.is_ok_and(|number| given.contains(&number));
        self.commands.as_ref().is_none_or(is_given)
    }

    /// When the last fault ends that is planned, or that a schedule may draw.
    pub fn last_planned(&self) -> Duration {
        let churn = Some(self.churn.until).filter(|_| !self.churn.is_none());
        let random = Some(self.random.until).filter(|_| !self.random.is_none());
        let outages = match self.outages.end() {
            Some(OutagesEnd::At(until)) => Some(until),
            Some(OutagesEnd::WithTheRun) | None => None,
        };
        let all = [Some(self.last_fault()), churn, random, outages];
        all.into_iter().flatten().max().unwrap_or_default()
    }

    /// How long a message travels at most, without faults; of distributions without an end,
    /// as [`Delay::most`] says.
    pub fn longest_delay(&self) -> Duration {
        let first = match &self.network {
            None => self.delay.most(),
            Some(world) => world.longest(),
        };
        let later = self.links.iter().map(|links| links.network.longest());
        later.fold(first, Duration::max)
    }

    /// Whether it has any fault of a process or a link.
    pub fn has_faults(&self) -> bool {
        let processes = !self.crash.is_empty() || !self.pause.is_empty() || !self.churn.is_none();
        processes || self.changes_links() || !self.random.is_none()
    }

    /// Whether it changes links while a run goes on.
    pub fn changes_links(&self) -> bool {
        let parts = !self.partition.is_empty() || !self.random.partition.is_never();
        let parts = parts || !self.outages.is_none();
        parts || !self.slow.is_empty() || !self.links.is_empty()
    }

    /// Whether processes crash at times that are not planned.
    pub fn crashes_at_random(&self) -> bool {
        !self.random.crash.is_never() || !self.churn.is_none()
    }

    /// Whether no message is lost, duplicated or reordered, and no process stops.
    pub fn is_reliable(&self) -> bool {
        self.loss == 0.0
            && self.duplication == 0.0
            && self.fifo
            && self.crash.is_empty()
            && self.partition.is_empty()
            && self.pause.is_empty()
            && self.churn.is_none()
            && self.outages.is_none()
            && self.random.is_none()
    }
}

/// The error of TOML, with its line in `text`.
fn malformed(text: &str, error: &toml::de::Error) -> Error {
    let start = error.span().map_or(0, |span| span.start);
    let before = text.bytes().take(start);
    let line = before.filter(|byte| *byte == b'\n').count() + 1;
    let mut words = error.message().lines();
    let reason = words.next().unwrap_or_default().to_owned();
    Error::Malformed { line, reason }
}

#[cfg(test)]
mod property_tests;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_is_read_from_toml() {
        let text = r#"
            delay = "exponential:5ms"
            loss = 0.1
            fifo = false
            [[crash]]
            process = 3
            at = "100ms"
            restart = "200ms"
            state = "lost"
            [[partition]]
            at = "50ms"
            group = [0, 1]
        "#;
        let scenario = Scenario::parse(text).unwrap();
        assert_eq!(scenario.crash[0].state, Memory::Lost);
        assert_eq!(scenario.check(4), Ok(()));
        let unknown = Error::UnknownProcess {
            process: 3,
            processes: 3,
        };
        assert_eq!(scenario.check(3), Err(unknown));
        assert_eq!(scenario.check_commands(0), Ok(()));
    }

    #[test]
    fn malformed_scenario_is_rejected_with_its_line() {
        for (text, expected, words) in [
            ("loss = 0.1\nlos = 1", 2, "unknown field `los`"),
            ("\n\ndelay = \"5\"", 3, "is no delay"),
            ("[[crash]]\nprocess = 1\nat = \"x\"", 3, "is not a time"),
        ] {
            let error = Scenario::parse(text).unwrap_err();
            assert!(
                matches!(&error, Error::Malformed { line, reason }
                    if *line == expected && reason.contains(words)),
                "{error}"
            );
        }
    }

    #[test]
    fn commands_of_a_part_have_to_exist() {
        let scenario = Scenario::parse("commands = [0, 2]").unwrap();
        let given: Vec<_> = (0..4).filter(|number| scenario.gives(*number)).collect();
        assert_eq!(given, [0, 2]);
        assert_eq!(scenario.check_commands(3), Ok(()));
        let unknown = Error::UnknownCommand {
            number: 2,
            commands: 2,
        };
        assert_eq!(scenario.check_commands(2), Err(unknown));
        assert!(Scenario::default().gives(7));
    }

    #[test]
    fn impossible_scenario_is_rejected() {
        let backwards = "[[crash]]\nprocess = 0\nat = \"2s\"\nrestart = \"1s\"";
        let (name, value) = ("loss", 1.5);
        let overlap = |name| Error::Overlap { name, process: 1 };
        for (text, expected) in [
            ("loss = 1.5", Error::Probability { name, value }),
            (backwards, Error::Backwards),
            (
                "[[pause]]\nprocess = 1\nat = \"3s\"\nresume = \"5s\"\n\
                 [[pause]]\nprocess = 1\nat = \"1s\"\nresume = \"4s\"",
                overlap("pauses"),
            ),
            (
                "[[slow]]\nprocess = 1\nat = \"1s\"\nby = \"1s\"\n\
                 [[slow]]\nprocess = 1\nat = \"9s\"\nby = \"1s\"",
                overlap("slowdowns"),
            ),
            (
                "[[partition]]\nat = \"1s\"\ngroup = [0]\nothers = [1, 0]",
                Error::OnBothSides { process: 0 },
            ),
        ] {
            let scenario = Scenario::parse(text).unwrap();
            assert_eq!(scenario.check(2), Err(expected), "{text}");
        }
    }
}
