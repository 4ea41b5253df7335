//! The moments of a run: what holds after each of its steps, all processes together.
//!
//! A moment is a consistent cut: with a receipt it has the sending. Within that order, the
//! steps are taken by their times. So each moment is a state that the run was in, or could
//! have been in without any process noticing (Chandy and Lamport, 1985, theorem 1).

use std::cell::{LazyCell, RefCell};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::ops::ControlFlow;
use std::rc::Rc;
use std::sync::Arc;

use algorithms::{Fields, NodeId};
use rustc_hash::{FxHashMap, FxHashSet};

use super::History;
use crate::steps::{Event, MessageRecord, Processes, StepRecord};

/// All processes after some steps of a run.
#[derive(Clone, Debug, Default)]
pub struct Moment<'a> {
    names: Vec<&'a Arc<str>>,
    /// The last step of each process, if it has taken one.
    last: Vec<Option<&'a StepRecord>>,
    /// The process that took a step last.
    latest: Option<usize>,
    /// Its step before that one, where it is known.
    before: Option<&'a StepRecord>,
    outputs: Vec<(&'a str, &'a str, &'a Fields)>,
    under_way: UnderWay<'a>,
}

/// One process at some moment.
#[derive(Clone, Debug)]
pub struct Now<'a> {
    /// Its place among the processes.
    pub place: usize,
    /// Its last step, if it has taken one.
    pub last: Option<&'a StepRecord>,
    /// Its steps that had outputs, in order.
    pub outputs: Vec<&'a StepRecord>,
}

impl<'a> Moment<'a> {
    /// Before the first step of processes with these names.
    pub fn new(names: impl IntoIterator<Item = &'a Arc<str>>) -> Self {
        let names: Vec<_> = names.into_iter().collect();
        Self {
            last: vec![None; names.len()],
            names,
            ..Self::default()
        }
    }

    /// All processes as they are now. The last of them took the latest step. Their steps are
    /// asked for only if messages under way are.
    pub fn now(
        processes: &'a Processes,
        now: impl IntoIterator<Item = Now<'a>>,
        steps: impl Fn() -> Vec<(usize, Vec<&'a StepRecord>)> + 'a,
    ) -> Self {
        let mut moment = Self::new((0..).map_while(|node| processes.known(NodeId(node))));
        for one in now {
            moment.last[one.place] = one.last;
            moment.latest = one.last.map(|_| one.place).or(moment.latest);
            one.outputs
                .iter()
                .for_each(|step| moment.output(one.place, step));
        }
        let names = moment.names.clone();
        let under_way = move || {
            let mut messages = Messages::default();
            for (place, steps) in steps() {
                steps
                    .into_iter()
                    .for_each(|step| messages.add(names[place], step));
            }
            messages
        };
        moment.under_way = UnderWay::Later(Rc::new(LazyCell::new(Box::new(under_way))));
        moment
    }

    /// The state of each process that has taken a recorded step, by its name.
    pub fn states(&self) -> impl Iterator<Item = (&'a str, &'a Fields)> {
        let known = self.names.iter().zip(&self.last);
        known.filter_map(|(name, step)| step.map(|step| (&***name, &step.state)))
    }

    /// The state of that process, if it has taken a recorded step.
    pub fn state(&self, process: &str) -> Option<&'a Fields> {
        // Names are in order as a rule.
        let found = self.names.binary_search_by(|name| (***name).cmp(process));
        let find = || self.names.iter().position(|name| ***name == *process);
        let place = found.ok().or_else(find)?;
        Some(&self.last[place]?.state)
    }

    /// The step that led to this moment, with its process; none before the first. What held
    /// before it can be violated by this step alone.
    pub fn latest(&self) -> Option<(&'a str, &'a StepRecord)> {
        let process = self.latest?;
        Some((self.names[process], self.last[process]?))
    }

    /// The state of the process of the latest step before that step: what is the same in both
    /// was checked then. `None` before its first step, and in a check, where the step before is
    /// not kept.
    pub fn before(&self) -> Option<&'a Fields> {
        self.before.map(|step| &step.state)
    }

    /// Every output so far: the process, the kind, the fields. Those of one process are in
    /// the order in which it said them. The order between processes is not defined: in a
    /// check all outputs of one process stand together.
    pub fn outputs(&self) -> impl Iterator<Item = (&'a str, &'a str, &'a Fields)> {
        self.outputs.iter().copied()
    }

    /// Every message that was sent and not received: the sender, the receiver, the
    /// message. One that the network has lost is among them.
    pub fn under_way(&self) -> impl Iterator<Item = (&'a str, &'a str, &'a MessageRecord)> {
        let all: Vec<_> = match &self.under_way {
            UnderWay::Known(messages) => messages.borrow_mut().under_way(),
            UnderWay::Later(messages) => messages.under_way.values().copied().collect(),
        };
        all.into_iter()
    }

    /// Adds the next step of the process at that place among the names.
    pub fn add(&mut self, process: usize, step: &'a StepRecord) {
        self.before = self.last[process].replace(step);
        self.latest = Some(process);
        self.output(process, step);
        if let UnderWay::Later(messages) = &self.under_way {
            let known = Counted::from(Messages::clone(messages));
            self.under_way = UnderWay::Known(RefCell::new(known));
        }
        if let UnderWay::Known(messages) = &mut self.under_way {
            messages.get_mut().later.push((self.names[process], step));
        }
    }

    fn output(&mut self, process: usize, step: &'a StepRecord) {
        let name = self.names[process];
        let outputs = step.events.iter().filter_map(|event| match event {
            Event::Output { kind, fields } => Some((&**name, &**kind, fields)),
            Event::Sent { .. } => None,
        });
        self.outputs.extend(outputs);
    }
}

/// Which messages are under way.
#[derive(Clone, Debug)]
enum UnderWay<'a> {
    Known(RefCell<Counted<'a>>),
    Later(Rc<LazyCell<Messages<'a>, Box<dyn FnOnce() -> Messages<'a> + 'a>>>),
}

impl Default for UnderWay<'_> {
    fn default() -> Self {
        Self::Known(RefCell::default())
    }
}

/// The messages of the steps so far. Most properties do not ask for them, so steps are
/// counted when they are.
#[derive(Clone, Debug, Default)]
struct Counted<'a> {
    messages: Messages<'a>,
    /// The steps that are not counted yet.
    later: Vec<(&'a str, &'a StepRecord)>,
}

impl<'a> From<Messages<'a>> for Counted<'a> {
    fn from(messages: Messages<'a>) -> Self {
        Self {
            messages,
            later: Vec::new(),
        }
    }
}

impl<'a> Counted<'a> {
    fn under_way(&mut self) -> Vec<(&'a str, &'a str, &'a MessageRecord)> {
        for (name, step) in self.later.drain(..) {
            self.messages.add(name, step);
        }
        self.messages.under_way.values().copied().collect()
    }
}

#[derive(Clone, Debug, Default)]
struct Messages<'a> {
    /// Messages that were sent and not received, by their identifiers.
    under_way: BTreeMap<u64, (&'a str, &'a str, &'a MessageRecord)>,
    /// Messages whose receipt was added before their sending.
    received_early: BTreeSet<u64>,
}

impl<'a> Messages<'a> {
    fn add(&mut self, name: &'a str, step: &'a StepRecord) {
        if let Some(received) = &step.received {
            let id = received.message.id;
            if self.under_way.remove(&id).is_none() {
                self.received_early.insert(id);
            }
        }
        for event in &step.events {
            if let Event::Sent { to, message } = event
                && !self.received_early.remove(&message.id)
            {
                self.under_way.insert(message.id, (name, to, message));
            }
        }
    }
}

impl History {
    /// Calls `each` with every moment of the run, and with the process and the step that
    /// led to it, until it breaks.
    ///
    /// A receipt whose sending is not recorded waits for nothing.
    pub fn for_each_moment<'a>(
        &'a self,
        mut each: impl FnMut(&Moment<'a>, &'a str, &'a StepRecord) -> ControlFlow<()>,
    ) {
        let processes: Vec<_> = self.processes.iter().collect();
        let mut moment = Moment::new(self.processes.keys());
        let mut order = Order::new(self);
        while let Some((process, step)) = order.next() {
            moment.add(process, step);
            if each(&moment, processes[process].0, step).is_break() {
                return;
            }
        }
    }
}

impl History {
    /// The greatest number of messages of which each was sent after the one before was
    /// received: the time of the run in message delays, if steps take none.
    pub fn longest_path(&self) -> u64 {
        let mut sent = FxHashMap::default();
        let mut of_process = FxHashMap::default();
        let mut longest = 0;
        self.for_each_moment(|_, process, step| {
            let received = step.received.as_ref();
            let before = received.and_then(|received| sent.get(&received.message.id).copied());
            let length: &mut u64 = of_process.entry(process).or_default();
            *length = before.unwrap_or(0).max(*length);
            longest = longest.max(*length);
            for event in &step.events {
                if let Event::Sent { message, .. } = event {
                    sent.insert(message.id, *length + 1);
                }
            }
            ControlFlow::Continue(())
        });
        longest
    }
}

/// The steps of a run in an order that keeps cause before effect.
struct Order<'a> {
    steps: Vec<&'a [StepRecord]>,
    /// The place of each process's next step.
    next: Vec<usize>,
    /// The processes whose next step has its cause, by that step's time.
    ready: BinaryHeap<Reverse<(u64, usize)>>,
    /// Messages that will be sent.
    unsent: FxHashSet<u64>,
    /// The processes whose next step waits for the sending of a message.
    waiting: FxHashMap<u64, Vec<usize>>,
}

impl<'a> Order<'a> {
    fn new(history: &'a History) -> Self {
        let mut order = Self {
            steps: history.processes.values().map(Vec::as_slice).collect(),
            next: vec![0; history.processes.len()],
            ready: BinaryHeap::new(),
            unsent: history.sends().map(|(.., message)| message.id).collect(),
            waiting: FxHashMap::default(),
        };
        for process in 0..order.steps.len() {
            order.enqueue(process);
        }
        order
    }

    /// Queues the next step of a process, or lets it wait for its cause.
    fn enqueue(&mut self, process: usize) {
        let Some(step) = self.steps[process].get(self.next[process]) else {
            return;
        };
        let cause = step.received.as_ref().map(|received| received.message.id);
        match cause.filter(|id| self.unsent.contains(id)) {
            Some(id) => self.waiting.entry(id).or_default().push(process),
            None => self.ready.push(Reverse((step.at_unix_nano, process))),
        }
    }

    /// The next step, with its process.
    fn next(&mut self) -> Option<(usize, &'a StepRecord)> {
        let process = match self.ready.pop() {
            Some(Reverse((_, process))) => process,
            // Only a forged record has a cycle. It is cut at its first process.
            None => self.cut()?,
        };
        let step = &self.steps[process][self.next[process]];
        self.next[process] += 1;
        for event in &step.events {
            if let Event::Sent { message, .. } = event {
                self.unsent.remove(&message.id);
                for released in self.waiting.remove(&message.id).into_iter().flatten() {
                    self.enqueue(released);
                }
            }
        }
        self.enqueue(process);
        Some((process, step))
    }

    /// Takes out the first of the waiting processes.
    fn cut(&mut self) -> Option<usize> {
        let waiting = self.waiting.iter();
        let all = waiting.flat_map(|(id, waiting)| waiting.iter().map(|one| (*one, *id)));
        let (process, id) = all.min()?;
        let waiting = self.waiting.get_mut(&id)?;
        waiting.retain(|other| *other != process);
        Some(process)
    }
}
