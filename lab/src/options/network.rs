//! Options of the network.

use std::collections::BTreeSet;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::error::Error;
use crate::delay::Delay;
use crate::liars::Liars;
use crate::planned::{Crashes, Kill};
use crate::simulator::{AskedOutages, Churn, Crash, Frequency, Memory, Outages, Scenario};
use crate::values;

/// What happens to messages and peers.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of the network")]
pub struct Net {
    /// How long messages travel: 5ms, 1ms..10ms, 0..100ms or exponential:5ms
    /// [default: 0..20ms live, but as they do in gossip; 1ms..10ms simulated]
    #[arg(long, global = true, value_name = "D")]
    pub delay: Option<Delay>,
    /// What carries messages between two peers, and so whether they keep their
    /// order
    #[arg(long, global = true, value_name = "C", default_value = "stream")]
    pub channel: Channel,
    /// Stop a peer: 3@100ms. May be given several times
    #[arg(long, global = true, value_name = "PEER@TIME")]
    pub kill: Vec<Kill>,
    /// Crash a peer and restart it: 3@100ms..2s. It restarts with what it has persisted,
    /// and what was sent to it is lost. May be given several times. In simulate also at
    /// random: 2 in each schedule, or 0.1/s for each peer
    #[arg(long, global = true, value_name = "PEER@TIME..TIME")]
    pub crash: Vec<Crashes>,
    /// Restart a peer: 3@2s is short for --crash 3@2s..3s. May be given several times
    #[arg(long, global = true, value_name = "PEER@TIME")]
    pub restart: Vec<Kill>,
    /// Let peers come and go: how long each is up, as --delay, or weibull:20m, whose shape is
    /// 0.5. Then it is down for a minute on average. A scenario's table churn says more
    #[arg(long, global = true, value_name = "D", value_parser = values::session)]
    pub churn: Option<Delay>,
    /// Until when peers leave; then all come back [default: 10s]
    #[arg(long, global = true, value_name = "TIME", value_parser = values::interval)]
    pub churn_until: Option<Duration>,
    /// Let links go out for a time: 45%<2m, of which so many end within that time, 45%<2m,55%<3m,
    /// as --delay, or a file of lines 90s,3.5m,7-9. Each link has outages of its own
    #[arg(long, global = true, value_name = "D,...|FILE")]
    pub outages: Option<AskedOutages>,
    /// For how long a link works between two outages, on average [default: 1h]
    #[arg(long, global = true, value_name = "TIME", value_parser = values::interval)]
    pub outages_every: Option<Duration>,
    /// Until when links go out [default: until the run ends]
    #[arg(long, global = true, value_name = "TIME", value_parser = values::interval)]
    pub outages_until: Option<Duration>,
    /// Let peers lie: 0,3:equivocate tells some the truth and others not; 2:forge lies to
    /// all, 2:silent sends nothing, 2:custom is the system's own. May be given several times
    #[arg(long, global = true, value_name = "PEER,...:LIE")]
    pub liars: Vec<Liars>,
    /// How long a live run may take [default: 30s, or what its options need, after
    /// the last operation is to begin], and a check [default: 5m]
    #[arg(long, global = true, value_name = "TIME", value_parser = values::duration)]
    pub timeout: Option<Duration>,
}

/// How long a peer of `--restart` is down.
const DOWN: Duration = Duration::from_secs(1);

/// How long there is churn. A guess: twice as long as most runs last.
const CHURN: Duration = Duration::from_secs(10);

/// What order a channel keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Channel {
    /// One stream: first in, first out
    Stream,
    /// A stream for each message: any may overtake another
    PerMessage,
}

impl Net {
    /// The processes to be stopped, for ever and for a time.
    pub fn stops(&self) -> impl Iterator<Item = Crash> {
        let kills = self.kill.iter().map(|kill| Crash {
            process: kill.node,
            at: kill.at,
            restart: None,
            state: Memory::Kept,
        });
        kills.chain(self.crashes())
    }

    /// The planned crashes.
    pub fn crashes(&self) -> impl Iterator<Item = Crash> {
        let crashes = self.crash.iter().filter_map(|crash| match crash {
            Crashes::At(crash) => Some(crash.clone()),
            Crashes::Random(_) => None,
        });
        let restarts = self.restart.iter().map(|restart| Crash {
            process: restart.node,
            at: restart.at,
            restart: Some(restart.at.saturating_add(DOWN)),
            state: Memory::Lost,
        });
        crashes.chain(restarts)
    }

    /// Adds the churn to the scenario of so many peers.
    ///
    /// # Errors
    /// [`Error`] names the value and the way out.
    pub fn add_churn(&self, scenario: &mut Scenario, peers: u32) -> Result<(), Error> {
        let Some(session) = &self.churn else {
            return match self.churn_until {
                None => Ok(()),
                Some(until) => Err(Error::NoChurn { until }),
            };
        };
        if !scenario.churn.is_none() {
            let session = session.clone();
            return Err(Error::TwoChurns { session });
        }
        scenario.churn = Churn {
            session: Some(session.clone()),
            until: self.churn_until.unwrap_or(CHURN),
            ..Churn::default()
        };
        Ok(scenario.check(peers)?)
    }

    /// Adds the outages to the scenario of so many peers.
    ///
    /// # Errors
    /// [`Error`] names the value and the way out.
    pub fn add_outages(&self, scenario: &mut Scenario, peers: u32) -> Result<(), Error> {
        let times = [
            ("--outages-every", self.outages_every),
            ("--outages-until", self.outages_until),
        ];
        let mut times = times
            .into_iter()
            .filter_map(|(name, time)| Some((name, time?)));
        let Some(asked) = &self.outages else {
            return match times.next() {
                None => Ok(()),
                Some((option, time)) => Err(Error::NoOutages { option, time }),
            };
        };
        if !scenario.outages.is_none() {
            let outages = asked.to_string();
            return Err(Error::TwoOutages { outages });
        }
        let usual = Outages::default();
        scenario.outages = match asked {
            AskedOutages::Length(length) => Outages {
                length: Some(length.clone()),
                every: self.outages_every.unwrap_or(usual.every),
                until: self.outages_until,
                ..usual
            },
            AskedOutages::Trace(trace) => match times.next() {
                None => Outages {
                    trace: Some(trace.clone()),
                    ..usual
                },
                Some((option, time)) => {
                    let file = asked.to_string();
                    return Err(Error::TracedOutages { option, time, file });
                }
            },
        };
        Ok(scenario.check(peers)?)
    }

    /// How often processes crash at random times.
    pub fn random_crashes(&self) -> Option<Frequency> {
        let mut random = self.crash.iter().rev().filter_map(|crash| match crash {
            Crashes::At(_) => None,
            Crashes::Random(frequency) => Some(*frequency),
        });
        random.next()
    }

    /// The processes that are to lie.
    pub fn liars(&self) -> Liars {
        self.liars.iter().cloned().collect()
    }

    /// The same as [`check_simulated`](Self::check_simulated), where crashes have to be
    /// planned.
    ///
    /// # Errors
    /// [`Error`] names the value and the way out.
    pub fn check(&self, peers: u32) -> Result<(), Error> {
        match self.random_crashes() {
            Some(frequency) => Err(Error::RandomCrashes { frequency }),
            None => self.check_simulated(peers),
        }
    }

    /// Requires that each process to be stopped exists and runs then, and that one is not
    /// stopped for ever. Processes that lie have to exist, and to lie in one way.
    ///
    /// # Errors
    /// [`Error`] names the value and the way out.
    pub fn check_simulated(&self, peers: u32) -> Result<(), Error> {
        let killed = self.kill.iter().map(|kill| ("--kill", kill.node));
        let restarted = self
            .restart
            .iter()
            .map(|restart| ("--restart", restart.node));
        let crashed = self.crashes().map(|crash| ("--crash", crash.process));
        let mut stopped = killed.chain(restarted).chain(crashed);
        if let Some((option, peer)) = stopped.find(|(_, peer)| *peer >= peers) {
            return Err(Error::UnknownPeer {
                option,
                peer,
                peers,
            });
        }
        let mut lies = BTreeSet::new();
        for (node, _) in self.liars.iter().flat_map(Liars::iter) {
            let peer = node.0;
            if peer >= peers {
                return Err(Error::UnknownLiar { peer, peers });
            }
            if !lies.insert(peer) {
                return Err(Error::LiesTwice { peer });
            }
        }
        let stopped: BTreeSet<_> = self.kill.iter().map(|kill| kill.node).collect();
        if stopped.len() < self.kill.len() {
            return Err(Error::KilledTwice);
        }
        if let Some(peer) = self.stops_while_down() {
            return Err(Error::StopsWhileDown { peer });
        }
        match stopped.len() < peers as usize {
            true => Ok(()),
            false => Err(Error::AllKilled { peers }),
        }
    }

    /// A process that is to stop before it has restarted.
    fn stops_while_down(&self) -> Option<u32> {
        let mut stops: Vec<_> = self.stops().collect();
        stops.sort_by_key(|stop| (stop.process, stop.at));
        let mut pairs = stops.iter().zip(stops.iter().skip(1));
        let down = pairs.find(|(stop, next)| {
            stop.process == next.process && stop.restart.is_none_or(|restart| next.at <= restart)
        });
        down.map(|(stop, _)| stop.process)
    }
}
