//! A system that was chosen on the command line: its options and its description.

use std::borrow::Cow;

use clap::Args;
use lab::lesson::Lesson;
use lab::options::Net;
use lab::system::{Setup, SystemOptions, Visitor};
use lab::topology::Topology;
use serde_json::Value;

use super::Error;

/// A system that was chosen on the command line, with its options.
pub trait Choice: Clone + Send + Sync + 'static {
    /// Its description in `run.json`.
    fn description(&self) -> Description;

    /// The lessons of all systems that can be chosen.
    fn lessons() -> Vec<&'static Lesson>;

    /// What happens to messages and peers.
    fn net(&self) -> &Net;

    /// Builds the system, and passes it to `visitor`.
    ///
    /// # Errors
    /// [`Usage`](super::Usage) names the value and a remedy.
    fn build<V: Visitor>(&self, setup: Setup, visitor: V) -> Result<V::Output, Error>;
}

/// The description of a system.
#[derive(Clone, Debug)]
pub struct Description {
    /// The name of the command.
    pub name: Cow<'static, str>,
    /// The algorithm, as the literature names it.
    pub algorithm: String,
    /// The application below a superimposed algorithm.
    pub workload: Option<String>,
    /// Its options.
    pub options: Value,
    /// The topology unless the command line names one.
    pub topology: Topology,
    /// How many peers there are beside the usual number, unless the command line says it.
    pub more_peers: u32,
    /// Whether times are measured, so that a live run adds no delay of its own.
    pub measures: bool,
}

impl Description {
    /// The description of the system with these options.
    pub fn of<O: SystemOptions>(options: &O) -> Self {
        Self {
            name: O::NAME.into(),
            algorithm: options.algorithm(),
            workload: options.workload(),
            options: serde_json::to_value(options).expect("options have no keys but strings"),
            topology: options.topology(),
            more_peers: options.more_peers(),
            measures: O::MEASURES,
        }
    }
}

/// The options of a system, and of its network.
#[derive(Clone, Debug, Args)]
pub struct WithNet<O: Args> {
    /// Of the system.
    #[command(flatten)]
    pub options: O,
    /// What happens to messages and peers.
    #[command(flatten)]
    pub net: Net,
}

impl<O: SystemOptions> Choice for WithNet<O> {
    fn description(&self) -> Description {
        Description::of(&self.options)
    }

    fn lessons() -> Vec<&'static Lesson> {
        O::LESSONS.iter().collect()
    }

    fn net(&self) -> &Net {
        &self.net
    }

    fn build<V: Visitor>(&self, setup: Setup, visitor: V) -> Result<V::Output, Error> {
        let built = self.options.build(setup, visitor);
        Ok(built.map_err(lab::Error::from)?)
    }
}
