//! A saved run, to be judged again: by the judge of its own system, or by that of another.

mod error;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::time::Duration;

use algorithms::NodeId;
use serde_json::Value;
use trace::history::History;
use trace::import;
use trace::store::Store;

use crate::Error as LabError;
use crate::liars::Liars;
use crate::narrative::{in_steps, narrative};
use crate::options;
use crate::program;
use crate::simulator::{Crash, Memory, Scenario};
use crate::system::{self, Engine, Judgement, OutagesEnd, Setup, System};
use crate::topology::{self, Topology};
use crate::verdict::{Findings, Verdict};
pub use error::Error;

/// What is known of a saved run.
#[derive(Clone, Debug)]
pub struct Saved {
    /// Its steps.
    pub history: History,
    /// How many processes it had.
    pub peers: u32,
    /// Which of them were neighbours, if it is known.
    pub topology: Option<Topology>,
    /// Where its choices came from, if it is known.
    pub seed: Option<u64>,
    /// What ran it.
    pub engine: Engine,
    /// The planned crashes.
    pub stops: Vec<Crash>,
    /// Whether its channels were first in, first out.
    pub fifo: bool,
    /// Until when links went out.
    pub outages: Option<OutagesEnd>,
    /// The processes that lied.
    pub liars: Liars,
    /// How many of its spans were lost.
    lost: u64,
}

/// What a judge says of a saved run.
#[derive(Clone, Debug)]
pub struct Judged {
    /// What it found.
    pub judgement: Judgement,
    /// The run, a line for each step, if it is wrong.
    pub narrative: Vec<String>,
    /// The verdict.
    pub verdict: Verdict,
}

impl Saved {
    /// A run of which `record` is the `run.json`, or `null` where only the spans are known.
    ///
    /// # Errors
    /// [`Error::Topology`], where the record has none.
    pub fn new(record: &Value, store: &Store) -> Result<Self, Error> {
        let options = &record["experiment"]["options"];
        let named = record["topology"].as_str();
        let named = named.filter(|text| *text != program::TOPOLOGY);
        let topology = named.map(|text| {
            let topology = text.parse();
            topology.map_err(|why| Error::Topology {
                text: text.to_owned(),
                why,
            })
        });
        let mut history = History::read(store);
        history.unfinished = unfinished(record).or(history.unfinished);
        let known = record["peers"]
            .as_u64()
            .filter(|_| !record["topology"].is_null());
        let known = known.and_then(|peers| u32::try_from(peers).ok());
        let saved = Self {
            peers: known.unwrap_or_else(|| count_named(&history)),
            topology: topology.transpose()?,
            seed: record["seed"].as_u64(),
            engine: match options["engine"].as_str() {
                Some("model checker") => Engine::ModelChecker,
                Some("simulator") => Engine::Simulator,
                _ => Engine::Live,
            },
            stops: stops(&options["network"]),
            fifo: options["fifo"].as_bool().unwrap_or(true),
            outages: outages(&options["network"]),
            liars: liars(&options["liars"]),
            lost: record["spans"]["lost"].as_u64().unwrap_or(0),
            history,
        };
        Ok(saved.shrunk(&record["results"]["shrunk"]))
    }

    /// The same, if a smaller run was recorded than the one that was asked for.
    fn shrunk(mut self, record: &Value) -> Self {
        let peers = record["to"]["peers"].as_u64();
        let scenario = record["scenario"].as_str().map(Scenario::parse_inline);
        if let (Some(peers), Some(Ok(scenario))) = (peers, scenario) {
            self.peers = u32::try_from(peers).unwrap_or(self.peers);
            let topology = self.topology.as_ref();
            self.topology = topology.map(|topology| topology.among(self.peers));
            self.stops = scenario.crash;
            self.fifo = scenario.fifo;
            self.outages = scenario.outages.end();
        }
        self
    }

    /// Reads a run's folder, or a file of spans.
    ///
    /// # Errors
    /// [`Error`], with the file.
    pub fn open(path: &Path) -> Result<Self, Error> {
        if !path.is_dir() {
            let store = import::open(path).map_err(|source| Error::Spans {
                path: path.to_owned(),
                source,
            })?;
            return Self::new(&Value::Null, &store);
        }
        let (record, spans) = (path.join("run.json"), path.join("spans.jsonl"));
        let file = File::open(&record).map_err(import::Error::from);
        let file = file.map_err(|source| Error::Spans {
            path: record.clone(),
            source,
        })?;
        let value = serde_json::from_reader(BufReader::new(file));
        let value = value.map_err(|source| Error::Record {
            path: record,
            source,
        })?;
        let store = import::open(&spans).map_err(|source| Error::Spans {
            path: spans,
            source,
        })?;
        Self::new(&value, &store)
    }

    /// What a system is built for that judges the run. `default` is the topology where none
    /// is known.
    ///
    /// # Errors
    /// The topology does not go with so many processes, or does not fit into memory.
    pub fn setup(&self, default: &Topology) -> Result<Setup, LabError> {
        let (peers, seed) = (self.peers, self.seed.unwrap_or(0));
        let topology = self.topology.clone();
        let topology = topology.unwrap_or_else(|| default.among(peers));
        options::fits(peers, topology.count(peers)?)?;
        Ok(Setup {
            peers,
            topology: topology.to_string(),
            neighbours: topology::ids(topology::neighbours(peers, &topology.edges(peers, seed)?)),
            seed,
            engine: self.engine,
            stops: self.stops.clone(),
            random_crashes: false,
            outages: self.outages,
            fifo: self.fifo,
            liars: self.liars.clone(),
        })
    }

    /// Judges the run by the judge of `system`.
    pub fn judge<S: System>(&self, system: &S) -> Judged {
        let history = &self.history;
        let judgement = system::judge(system, history);
        let lost = (self.lost > 0).then(|| format!("{} spans were lost", self.lost));
        let untrusted = [lost, history.missing(), history.foreign()];
        let findings = Findings {
            unknown: judgement.unknown(),
            untrusted: untrusted.into_iter().flatten().collect(),
            ..Findings::from(Vec::from_iter(judgement.violated()))
        };
        Judged {
            narrative: match judgement.holds() {
                true => Vec::new(),
                false => narrative(history, &judgement),
            },
            verdict: findings.verdict(Vec::new()),
            judgement,
        }
    }
}

impl Judged {
    /// What was found as text, in lines, without the verdict.
    pub fn text(&self) -> String {
        self.judgement.text() + &in_steps(&self.narrative)
    }
}

/// Why the run was cut short, if it was.
fn unfinished(record: &Value) -> Option<String> {
    if record["seconds"].is_null() && record["verdict"].is_object() {
        return Some("the run has not ended".into());
    }
    let known = record["results"]["unfinished"].as_str();
    known.map(str::to_owned)
}

/// How many processes there are by their names, which count from 0: a process without a
/// recorded step has none.
fn count_named(history: &History) -> u32 {
    let numbers = history.processes.keys().filter_map(|name| {
        let number = name.strip_prefix("peer-")?.parse().ok()?;
        (NodeId(number).to_string() == **name).then_some(number)
    });
    numbers.max().map_or(0, |most: u32| most.saturating_add(1))
}

/// The processes that lied, each with how.
fn liars(recorded: &Value) -> Liars {
    let all = recorded.as_array().into_iter().flatten();
    let each = all.filter_map(|one| {
        let lie = one["lie"].as_str()?;
        format!("{}:{lie}", one["peer"]).parse::<Liars>().ok()
    });
    each.collect()
}

/// Those of a `run.json`, which has them as a scenario does.
fn outages(network: &Value) -> Option<OutagesEnd> {
    let text = network["outages"].as_str()?;
    let scenario = Scenario::parse_inline(&format!("{{outages = {text}}}"));
    scenario.ok()?.outages.end()
}

/// The crashes that were planned.
fn stops(network: &Value) -> Vec<Crash> {
    let all = ["kill", "crash"].into_iter();
    let all = all.filter_map(|name| network[name].as_array()).flatten();
    let time = |value: &Value| Duration::try_from_secs_f64(value.as_f64()?).ok();
    let crashes = all.filter_map(|one| {
        Some(Crash {
            process: u32::try_from(one["peer"].as_u64()?).ok()?,
            at: time(&one["at_seconds"])?,
            restart: time(&one["restart_seconds"]),
            state: match one["state"].as_str() {
                Some("lost") => Memory::Lost,
                _ => Memory::Kept,
            },
        })
    });
    crashes.collect()
}
