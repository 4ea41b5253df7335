//! Work that spreads: an application whose end is hard to detect.
//!
//! A process that receives a job works on it for a while, and then sends further
//! jobs to neighbours, which do the same. It is a *diffusing computation*: it
//! begins at one process, and a process without a job only gets one by a message
//! (the name is from Dijkstra and Scholten's paper; see `dijkstra_scholten.rs`).
//! No process knows which others have a job at the moment.
//!
//! Each JOB carries the number of jobs that may result from it, itself included.
//! A process that is done with a job sends the rest to one neighbour, or splits it
//! between two. So the computation always ends, after that number of jobs.
//!
//! What it needs: channels that neither lose nor duplicate messages, in any order.
//!
//! Cost: one message for each job but the first, see [`messages`].
//!
//! The whole application is in this file.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::RngExt as _;
use rand::seq::IndexedRandom as _;

use crate::dijkstra_scholten::Activity;
use crate::{Algorithm, Describe, Fields, Message, NodeId, Out};

/// Work on its way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Message, Describe)]
#[message(check = |job: &Self| job.jobs > 0)]
pub struct Job {
    /// How many jobs may result from it, itself included. Not 0.
    #[message(tag = 1)]
    pub jobs: u64,
}

/// The commands of a process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// Begin a computation here.
    Begin {
        /// The number of jobs.
        jobs: u64,
    },
}

/// The timer that ends a job.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Done {
    /// Zero-based index among this process's jobs.
    pub job: u64,
}

/// The state of one process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Work {
    /// The processes to which it may send jobs.
    neighbours: Vec<NodeId>,
    /// The mean time that a job takes.
    pace: Duration,
    /// The number of the next job.
    next: u64,
    /// The jobs under way here, each with how many may result from it.
    under_way: BTreeMap<u64, u64>,
}

/// How many JOBs a computation with that many jobs sends: all but the first, which
/// is the root's own. (A process without neighbours sends none.)
pub fn messages(jobs: u64) -> u64 {
    jobs.saturating_sub(1)
}

impl Work {
    /// A process without a job. A job takes it the time `pace` on average. It sends
    /// jobs to `neighbours`, but not to itself.
    pub fn new(me: NodeId, neighbours: impl IntoIterator<Item = NodeId>, pace: Duration) -> Self {
        let others = neighbours.into_iter().filter(|&other| other != me);
        Self {
            neighbours: others.collect(),
            pace,
            next: 0,
            under_way: BTreeMap::new(),
        }
    }

    /// How many jobs are under way here.
    pub fn jobs(&self) -> usize {
        self.under_way.len()
    }
}

impl Activity for Work {
    fn is_active(&self) -> bool {
        !self.under_way.is_empty()
    }
}

impl Algorithm for Work {
    type Message = Job;
    type Timer = Done;
    type Command = Command;
    type Output = ();

    fn on_command(&mut self, Command::Begin { jobs }: Command, out: &mut Out<Self>) {
        if jobs > 0 {
            self.take(jobs, out);
        }
    }

    fn on_message(&mut self, _: NodeId, Job { jobs }: Job, out: &mut Out<Self>) {
        self.take(jobs, out);
    }

    fn on_timer(&mut self, Done { job }: Done, out: &mut Out<Self>) {
        if let Some(jobs) = self.under_way.remove(&job) {
            self.hand_out(jobs - 1, out);
        }
    }
}

impl Work {
    /// A job takes a time between zero and twice the pace.
    fn take(&mut self, jobs: u64, out: &mut Out<Self>) {
        let job = self.next;
        self.next += 1;
        self.under_way.insert(job, jobs);
        let after = self.pace.mul_f64(out.rng().random_range(0.0..2.0));
        out.set_timer(Done { job }, after);
    }

    /// The rest goes to one neighbour, or in two parts to two, which may be the
    /// same.
    fn hand_out(&mut self, left: u64, out: &mut Out<Self>) {
        if left == 0 {
            return;
        }
        let first = match out.rng().random() {
            true => left,
            false => out.rng().random_range(1..=left),
        };
        for jobs in [first, left - first].into_iter().filter(|&jobs| jobs > 0) {
            if let Some(&to) = self.neighbours.choose(out.rng()) {
                out.send(to, Job { jobs });
            }
        }
    }
}

impl Describe for Work {
    fn describe(&self, fields: &mut Fields) {
        fields.integer("jobs", self.jobs());
        fields.flag("active", self.is_active());
    }
}

#[cfg(test)]
mod tests {
    use proto::Bytes;

    use super::*;
    use crate::{Effect, Input, step};

    const ME: NodeId = NodeId(0);
    const PACE: Duration = Duration::from_millis(1);

    #[test]
    fn a_job_passes_all_but_itself_to_at_most_two_neighbours() {
        for (seed, jobs) in (0..200).map(|seed| (seed, 1 + seed % 10)) {
            let mut work = Work::new(ME, (0..3).map(NodeId), PACE);
            let message = Job::from_payload(Job { jobs }.to_payload()).unwrap();
            let from = NodeId(1);
            let effects = step(&mut work, Input::Message { from, message }, seed);
            let [Effect::SetTimer { timer, after }] = &effects[..] else {
                panic!("{effects:?}");
            };
            assert!(work.is_active() && *after < 2 * PACE);

            let effects = step(&mut work, Input::Timer(timer.clone()), seed);
            let handed_out = effects.iter().map(|effect| match effect {
                Effect::Send { to, message, .. } if *to != ME => message.jobs,
                other => panic!("seed {seed}: {other:?}"),
            });
            assert_eq!(handed_out.sum::<u64>(), messages(jobs), "seed {seed}");
            assert!(effects.len() <= 2, "seed {seed}");
            assert!(!work.is_active());
            assert_eq!(step(&mut work, Input::Timer(timer.clone()), seed), []);
        }
    }

    #[test]
    fn a_message_of_zero_jobs_is_rejected() {
        assert_eq!(Job::from_payload(Job { jobs: 0 }.to_payload()), None);
        assert_eq!(Job::from_payload(Bytes::from_static(b"\xff")), None);
    }
}
