//! A scenario in one line: an inline table of TOML, as on a command line.

use std::fmt;

use serde::Deserialize;

use super::{Churn, Crash, Error, Frequency, Memory, NewLinks, Outages, Partition, Pause};
use super::{RandomFaults, Scenario, Slow, malformed};
use crate::values;

impl Scenario {
    /// Reads a scenario that is written as an inline table, as [`Display`](fmt::Display)
    /// writes it.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn parse_inline(text: &str) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Document {
            scenario: Scenario,
        }
        let text = format!("scenario = {text}");
        let document: Result<Document, _> = toml::from_str(&text);
        let document = document.map_err(|error| malformed(&text, &error))?;
        Ok(document.scenario)
    }
}

/// `{delay = "1ms", crash = [{process = 2, at = "4ms"}]}`, without what is as by default
impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let usual = Self::default();
        let mut keys = Vec::new();
        let mut key = |name: &str, value: String| keys.push(format!("{name} = {value}"));
        if self.delay != usual.delay {
            key("delay", format!("\"{}\"", self.delay));
        }
        if let Some(world) = &self.network {
            key("network", format!("{:?}", world.name));
        }
        if self.loss != usual.loss {
            key("loss", format!("{:?}", self.loss));
        }
        if self.duplication != usual.duplication {
            key("duplication", format!("{:?}", self.duplication));
        }
        if self.fifo != usual.fifo {
            key("fifo", self.fifo.to_string());
        }
        if !self.crash.is_empty() {
            key("crash", list(&self.crash));
        }
        if !self.partition.is_empty() {
            key("partition", list(&self.partition));
        }
        if !self.pause.is_empty() {
            key("pause", list(&self.pause));
        }
        if !self.slow.is_empty() {
            key("slow", list(&self.slow));
        }
        if !self.links.is_empty() {
            key("links", list(&self.links));
        }
        if self.churn != usual.churn {
            key("churn", self.churn.to_string());
        }
        if self.outages != usual.outages {
            key("outages", self.outages.to_string());
        }
        if self.random != usual.random {
            key("random", self.random.to_string());
        }
        if let Some(commands) = &self.commands {
            key("commands", list(commands));
        }
        if let Some(steps) = self.steps {
            key("steps", steps.to_string());
        }
        write!(f, "{{{}}}", keys.join(", "))
    }
}

pub(super) fn list<T: fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<_> = items.into_iter().map(|item| item.to_string()).collect();
    format!("[{}]", items.join(", "))
}

impl fmt::Display for Crash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{process = {}, at = \"{:?}\"", self.process, self.at)?;
        if let Some(restart) = self.restart {
            write!(f, ", restart = \"{restart:?}\"")?;
        }
        if self.state == Memory::Lost {
            f.write_str(", state = \"lost\"")?;
        }
        f.write_str("}")
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{at = \"{:?}\"", self.at)?;
        if let Some(heal) = self.heal {
            write!(f, ", heal = \"{heal:?}\"")?;
        }
        write!(f, ", group = {}", list(&self.group))?;
        if let Some(others) = &self.others {
            write!(f, ", others = {}", list(others))?;
        }
        if let Some(direction) = self.one_way {
            write!(f, ", one_way = \"{}\"", values::name_of(direction))?;
        }
        if let Some(messages) = self.messages {
            write!(f, ", messages = \"{}\"", values::name_of(messages))?;
        }
        f.write_str("}")
    }
}

impl fmt::Display for Pause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            process,
            at,
            resume,
        } = self;
        write!(
            f,
            "{{process = {process}, at = \"{at:?}\", resume = \"{resume:?}\"}}"
        )
    }
}

impl fmt::Display for Slow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{process = {}, at = \"{:?}\"", self.process, self.at)?;
        if let Some(until) = self.until {
            write!(f, ", until = \"{until:?}\"")?;
        }
        write!(f, ", by = \"{:?}\"}}", self.by)
    }
}

impl fmt::Display for NewLinks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.network.name;
        write!(f, "{{at = \"{:?}\", network = {name:?}}}", self.at)
    }
}

impl fmt::Display for Churn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut keys = Vec::new();
        if let Some(session) = &self.session {
            keys.push(format!("session = \"{session}\""));
            keys.push(format!("downtime = \"{}\"", self.downtime));
            keys.push(format!("from = \"{:?}\"", self.from));
            keys.push(format!("until = \"{:?}\"", self.until));
        }
        if let Some(trace) = &self.trace {
            keys.push(format!("trace = {:?}", trace.path.to_string_lossy()));
        }
        keys.push(format!("state = \"{}\"", values::name_of(self.state)));
        if !self.keep.is_empty() {
            keys.push(format!("keep = {}", list(&self.keep)));
        }
        write!(f, "{{{}}}", keys.join(", "))
    }
}

impl fmt::Display for Outages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut keys = Vec::new();
        if let Some(length) = &self.length {
            keys.push(format!("length = \"{length}\""));
            keys.push(format!("every = \"{:?}\"", self.every));
            keys.push(format!("from = \"{:?}\"", self.from));
        }
        if let Some(until) = self.until {
            keys.push(format!("until = \"{until:?}\""));
        }
        if let Some(trace) = &self.trace {
            keys.push(format!("trace = {:?}", trace.path.to_string_lossy()));
        }
        write!(f, "{{{}}}", keys.join(", "))
    }
}

impl fmt::Display for RandomFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let frequency = |frequency: Frequency| match frequency {
            Frequency::Count(count) => count.to_string(),
            Frequency::Rate(_) => format!("\"{frequency}\""),
        };
        write!(
            f,
            "{{crash = {}, partition = {}, until = \"{:?}\", duration = \"{}\", state = \"{}\"}}",
            frequency(self.crash),
            frequency(self.partition),
            self.until,
            self.duration,
            values::name_of(self.state),
        )
    }
}
