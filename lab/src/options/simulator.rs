//! Options of the simulator.

use std::path::Path;
use std::time::Duration;

use clap::{Args, Parser};

use super::error::Error;
use super::network::{Channel, Net};
use crate::delay::Delay;
use crate::simulator::{self, Frequency, Limits, RandomFaults, Scenario};
use crate::values::{self, Memory};

/// What the simulator tries.
#[derive(Clone, Debug, Args)]
pub struct Schedules {
    /// How many schedules to try; the seed of each is the one after the last
    #[arg(long, global = true, value_name = "N", default_value_t = 1, value_parser = values::count::<u64>)]
    pub seeds: u64,
    /// The seed of the first schedule: what the network does, while --seed
    /// decides what is run [default: that of --seed]
    #[arg(long, global = true, value_name = "S")]
    pub schedule: Option<u64>,
    /// The probability that a message is lost
    #[arg(long, global = true, value_name = "P", value_parser = values::probability)]
    pub loss: Option<f64>,
    /// The probability that a message comes twice
    #[arg(long, global = true, value_name = "P", value_parser = values::probability)]
    pub duplication: Option<f64>,
    /// What a process still knows after a crash at a random time: its durable fields
    /// (lost), or everything (kept) [default: lost]
    #[arg(long, global = true, value_name = "STATE")]
    pub crash_state: Option<simulator::Memory>,
    /// The network is partitioned at random times and places: 2 (so many partitions)
    /// or 0.1/s
    #[arg(long, global = true, value_name = "N|RATE")]
    pub partition: Option<Frequency>,
    /// How long a fault at a random time lasts, as --delay [default: exponential:100ms]
    #[arg(long, global = true, value_name = "D")]
    pub fault_duration: Option<Delay>,
    /// Until when there are faults at random times; then processes that are down
    /// restart, and partitions heal [default: 1s]
    #[arg(long, global = true, value_name = "TIME", value_parser = values::duration)]
    pub faults_until: Option<Duration>,
    /// How long a schedule that fails may be made smaller, to fewer peers, faults and
    /// messages; 0s: not at all
    #[arg(long, global = true, value_name = "TIME", default_value = "5s", value_parser = values::duration)]
    pub shrink: Duration,
    /// Record no schedule, for long runs and sweeps: there are results, and neither spans nor a
    /// diagram. A failure is not made smaller
    #[arg(long, global = true)]
    pub no_record: bool,
    /// How many commands, messages and timers a schedule may have
    #[arg(long, global = true, value_name = "N", default_value_t = Limits::EVENTS, value_parser = values::count::<u64>)]
    pub max_events: u64,
    /// How long a schedule may take, in its own time [default: 600s after its last command and its last
    /// planned fault]
    #[arg(long, global = true, value_name = "TIME", value_parser = values::duration)]
    pub max_time: Option<Duration>,
    /// How much memory a schedule may take, as estimated; two run at once on two
    /// processors
    #[arg(long, global = true, value_name = "BYTES", default_value = "2G")]
    pub max_memory: Memory,
}

/// Those of a command line without options.
impl Default for Schedules {
    fn default() -> Self {
        #[derive(Parser)]
        struct Line {
            #[command(flatten)]
            schedules: Schedules,
        }
        let line = Line::try_parse_from(["simulate"]).expect("no option is required");
        line.schedules
    }
}

impl Schedules {
    /// The limits of a schedule.
    pub fn limits(&self) -> Limits {
        Limits {
            events: self.max_events,
            time: self.max_time,
            memory: self.max_memory.0 as u64,
        }
    }
}

impl Schedules {
    /// The scenario `base` with what the options say, which take precedence.
    ///
    /// # Errors
    /// [`Error`] names the value and the way out.
    pub fn scenario(&self, base: Scenario, net: &Net, peers: u32) -> Result<Scenario, Error> {
        if net.timeout.is_some() {
            return Err(Error::Timeout);
        }
        net.check_simulated(peers)?;
        let mut scenario = base;
        scenario.loss = self.loss.unwrap_or(scenario.loss);
        scenario.duplication = self.duplication.unwrap_or(scenario.duplication);
        scenario.fifo &= net.channel == Channel::Stream;
        if let Some(delay) = &net.delay {
            scenario.delay = delay.clone();
        }
        scenario.crash.extend(net.stops());
        net.add_churn(&mut scenario, peers)?;
        net.add_outages(&mut scenario, peers)?;
        self.add_random(net, &mut scenario.random);
        scenario.check(peers)?;
        self.ends_after(&scenario)?;
        Ok(scenario)
    }
}

impl Schedules {
    /// Requires that a message can arrive before the time of a schedule is over: what is
    /// missing then is judged as missing.
    fn ends_after(&self, scenario: &Scenario) -> Result<(), Error> {
        let most = scenario.longest_delay();
        let limit = self.max_time.unwrap_or(Limits::TIME);
        match most < limit {
            true => Ok(()),
            false => Err(Error::DelayBeyondTime { most, limit }),
        }
    }

    fn add_random(&self, net: &Net, random: &mut RandomFaults) {
        random.crash = net.random_crashes().unwrap_or(random.crash);
        random.partition = self.partition.unwrap_or(random.partition);
        random.state = self.crash_state.unwrap_or(random.state);
        random.until = self.faults_until.unwrap_or(random.until);
        if let Some(duration) = &self.fault_duration {
            random.duration = duration.clone();
        }
    }

    /// The error for a system that needs FIFO channels, if the file of the scenario
    /// turns FIFO off and the command line does not.
    pub fn without_order(file: Option<&Path>, scenario: &Scenario, net: &Net) -> Option<Error> {
        let by_file = !scenario.fifo && net.channel == Channel::Stream;
        let path = file.filter(|_| by_file)?.to_owned();
        Some(Error::WithoutOrder { path })
    }
}

/// Reads the scenario of a command line: a file, or the text itself, which begins with `{`.
///
/// # Errors
/// [`Error::Read`] and [`Error::Malformed`].
pub fn read_scenario(path: &Path) -> Result<Scenario, Error> {
    let inline = path.to_str().filter(|text| text.starts_with('{'));
    let parsed = match inline {
        Some(text) => Scenario::parse_inline(text),
        None => {
            let text = std::fs::read_to_string(path).map_err(|source| Error::Read {
                path: path.to_owned(),
                source,
            })?;
            Scenario::parse(&text)
        }
    };
    parsed.map_err(|source| Error::Malformed {
        path: path.to_owned(),
        source,
    })
}
