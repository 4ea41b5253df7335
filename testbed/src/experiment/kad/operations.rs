//! The operations of a run, each at its time, and the faults meanwhile.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::StreamExt as _;
use futures::future::{AbortHandle, Abortable};
use futures::stream::FuturesUnordered;
use node::Handle;
use node::lookup::{self, Error as LookupError, Found};
use tokio::time::{Instant, sleep_until, timeout};
use trace::telemetry::Tracer;
use trace::time;

use super::plan::Operation;
use super::results::Outcome;
use crate::experiment::Error;
use crate::experiment::injected::Injected;
use crate::network::Members;

/// The operations, and what they run on.
pub(super) struct Operations<'a> {
    pub(super) all: &'a [Operation],
    /// The time from one to the next.
    pub(super) interval: Duration,
    /// How long each may take.
    pub(super) patience: Duration,
    pub(super) members: &'a mut Members,
    pub(super) faults: Injected<'a>,
}

impl Operations<'_> {
    /// Begins each operation at its time, whether or not the others have ended. `each` gets
    /// the number of one that has ended, the peer that asked, and its outcome.
    pub(super) async fn carry_out(
        mut self,
        mut each: impl FnMut(usize, u32, Outcome, &Members) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let (start, epoch) = (Instant::now(), time::now());
        let mut faults = self.faults.due().into_iter().peekable();
        let mut begun = 0;
        let mut under_way = FuturesUnordered::new();
        let mut asking = BTreeMap::<usize, (u32, AbortHandle)>::new();
        while begun < self.all.len() || !under_way.is_empty() {
            let fault = faults.peek().map(|(at, _)| start + *at);
            let next = (begun < self.all.len()).then(|| start + self.interval * begun as u32);
            tokio::select! {
                biased;
                () = until(fault) => {
                    let (_, place) = faults.next().expect("it is due");
                    if let Some(stopped) = self.faults.strike(place, self.members) {
                        // What it asked ends with it: a handle would keep it alive.
                        let of_it = asking.values().filter(|(peer, _)| *peer == stopped);
                        of_it.for_each(|(_, abort)| abort.abort());
                    }
                }
                returned = self.members.returned() => {
                    self.faults.came_back(returned?, self.members);
                }
                () = until(next) => {
                    let due = self.interval * begun as u32;
                    let peer = self.asks(begun);
                    let asked = peer.map(|peer| self.ask(begun, peer));
                    let (abort, registration) = AbortHandle::new_pair();
                    let number = begun;
                    let peer = peer.unwrap_or(self.all[begun].peer);
                    asking.insert(number, (peer, abort));
                    under_way.push(async move {
                        let found = match asked {
                            Some(asked) => Abortable::new(asked, registration).await,
                            None => Ok(Err(LookupError::Stopped)),
                        };
                        let outcome = Outcome {
                            intended: epoch + due,
                            after: (start + due).elapsed(),
                            found: found.unwrap_or(Err(LookupError::Stopped)),
                        };
                        (number, outcome)
                    });
                    begun += 1;
                }
                Some((number, outcome)) = under_way.next(), if !under_way.is_empty() => {
                    let asked = asking.remove(&number);
                    let peer = asked.map_or(self.all[number].peer, |(peer, _)| peer);
                    each(number, peer, outcome, self.members)?;
                }
            }
        }
        Ok(())
    }

    /// The peer that asks for an operation: the planned one or, if that does not run, one that
    /// does.
    fn asks(&self, number: usize) -> Option<u32> {
        let planned = self.all[number].peer;
        let active = self.members.active();
        let runs = active.binary_search(&planned);
        let place = runs.unwrap_or_else(|place| place % active.len().max(1));
        active.get(place).copied()
    }

    fn ask(
        &self,
        number: usize,
        peer: u32,
    ) -> impl Future<Output = Result<Found, LookupError>> + Send + use<> {
        let handle = self.members.handles[&peer].clone();
        let tracer = self.members.tracers[peer as usize].clone();
        let (operation, patience) = (self.all[number].clone(), self.patience);
        async move { ask(handle, tracer, operation, patience).await }
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// Executes one operation, as a trace of its own.
async fn ask(
    handle: Handle,
    tracer: Tracer,
    operation: Operation,
    patience: Duration,
) -> Result<Found, LookupError> {
    let lookup = operation.lookup();
    let context = lookup::begin(&tracer, operation.name(), &lookup);
    let found = match timeout(patience, handle.look_up(lookup)).await {
        Ok(found) => found,
        Err(_) => Err(LookupError::TimedOut),
    };
    lookup::end(&context, &found);
    found
}
