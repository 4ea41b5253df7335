//! How an action changes a state.

use std::sync::Arc;
use std::time::Duration;

use algorithms::{Algorithm, Choices, Message as _, NodeId};
use trace::history::CrashRecord;
use trace::steps::{Loss, RequestRecord};

use super::actions::Action;
use super::channels::Sent;
use super::outcome::{Given, Memory, Outcome};
use super::process::Process;
use super::{Environment, World};
use crate::model::UNLIMITED;
use crate::simulator::EPOCH;
use crate::system::System;
use crate::system::clients::{Act, Ticket};

/// The time between two moments of a run, in nanoseconds.
const MILLISECOND: u64 = 1_000_000;

impl<A: Algorithm> World<A> {
    /// Carries out an action, which has to be one of [`World::actions`]. Returns the random
    /// choices of its steps.
    pub fn act<S: System<Algorithm = A>>(&mut self, system: &S, action: Action) -> Choices {
        self.act_from(system, action, None)
    }

    /// The same, with the outcomes of steps that are known.
    pub(in crate::model) fn act_from<S: System<Algorithm = A>>(
        &mut self,
        system: &S,
        action: Action,
        memory: Option<&Memory<A>>,
    ) -> Choices {
        let (action, given) = match action {
            Action::Choosing(action, given) => (*action, given),
            action => (action, Vec::new()),
        };
        let choices = Choices::new(given);
        if let Action::Start(start) = action {
            return self.start(system, start, choices);
        }
        let Some((node, given)) = self.given(system, action) else {
            return Choices::default();
        };
        let outcome = self.outcome(node, given, choices, memory);
        self.carry(system, node, &outcome);
        outcome.choices.clone()
    }

    /// Starts all processes, in that combination of initial states.
    fn start<S: System<Algorithm = A>>(
        &mut self,
        system: &S,
        start: usize,
        mut choices: Choices,
    ) -> Choices {
        self.is_started = true;
        self.start = start;
        let mut rest = start;
        for node in 0..system.processes() {
            let mut states = system.arbitrary(NodeId(node));
            if !states.is_empty() {
                let place = rest % states.len();
                rest /= states.len();
                let state = states.swap_remove(place);
                self.process(node).steps.begin_as(state);
            }
        }
        for node in 0..system.processes() {
            let outcome = self.outcome(node, Given::Start, choices, None);
            self.carry(system, node, &outcome);
            choices = outcome.choices.clone();
            if self.fault.is_some() {
                break;
            }
        }
        choices
    }

    /// Takes a command, a message or a timer to the process that handles it, if one does.
    fn given<S: System<Algorithm = A>>(
        &mut self,
        system: &S,
        action: Action,
    ) -> Option<(u32, Given<A>)> {
        match action {
            Action::Command(number) => {
                let asked = self.fixed.commands[number].clone();
                self.change(|environment| environment.given[usize::from(asked.node)] += 1);
                self.ask(asked.node, asked.command, None)
            }
            // There is no time: `Duration::ZERO` stands for any.
            Action::Ask(client) => {
                match self.change(|all| all.clients.act(client, Duration::ZERO)) {
                    Act::Ask {
                        node,
                        command,
                        record,
                        ticket,
                    } => self.ask(node, command, Some((record, ticket))),
                    Act::GoOn => None,
                }
            }
            Action::GoOn(client) => {
                self.change(|all| all.clients.go_on(client, Duration::ZERO));
                None
            }
            Action::Start(_) | Action::Choosing(..) => None,
            Action::Lose(from, to, place) => {
                spend(&mut self.spent.losses, self.fixed.network.losses);
                let sent = self.channels.take((from, to), place, false);
                self.lose(&sent, Loss::Network, "the network has lost it");
                None
            }
            Action::Deliver(from, to, place) => self.deliver((from, to), place, false),
            Action::Duplicate(from, to, place) => {
                spend(&mut self.spent.duplicates, self.fixed.network.duplicates);
                self.deliver((from, to), place, true)
            }
            Action::Timer(node, place) => {
                let timer = self.processes[node as usize].timers.values().nth(place)?;
                if self.fixed.identity.is_timed(timer) {
                    self.now = timer.due;
                }
                Some((node, Given::Timer(place)))
            }
            Action::Crash(node, lost) => {
                for to in lost {
                    while self.channels.any((node, to)) {
                        let sent = self.channels.take((node, to), 0, false);
                        self.lose(&sent, Loss::Down, "the sender has crashed before it left");
                    }
                }
                self.crash(node);
                None
            }
            Action::Restart(node) => {
                self.restart(system, node);
                Some((node, Given::Restart))
            }
        }
    }

    fn crash(&mut self, node: u32) {
        spend(&mut self.spent.crashes, self.fixed.network.crashes);
        let crash = CrashRecord {
            process: self.fixed.directory.name(NodeId(node)),
            at: self.fault_unix_nano(),
            restarted: None,
        };
        self.change(|environment| environment.crashes.push(crash));
        let fixed = Arc::clone(&self.fixed);
        let process = self.process(node);
        process.is_down = true;
        process.timers.clear();
        process.digests = fixed.identity.process(node, process);
    }

    fn restart<S: System<Algorithm = A>>(&mut self, system: &S, node: u32) {
        spend(&mut self.spent.restarts, self.fixed.network.restarts);
        let name = self.fixed.directory.name(NodeId(node));
        let now = self.fault_unix_nano();
        self.change(|environment| {
            let crashes = &mut environment.crashes;
            if let Some(crash) = crashes.iter_mut().rfind(|crash| crash.process == name) {
                crash.restarted = Some(now);
            }
            environment.operations.forget(NodeId(node));
            environment.endings.forget(system, NodeId(node));
        });
    }

    /// Gives a command, which a process that is down loses.
    fn ask(
        &mut self,
        node: NodeId,
        command: A::Command,
        request: Option<(RequestRecord, Ticket)>,
    ) -> Option<(u32, Given<A>)> {
        if self.processes[usize::from(node)].is_down {
            return None;
        }
        let (record, ticket) = request.unzip();
        if !self.environment.clients.is_empty() {
            let command = command.clone();
            self.change(|all| all.operations.begin(node, command, ticket));
        }
        let record = record.map(|record| {
            let moments = &mut self.moments;
            moments.now += u64::from(std::mem::take(&mut moments.is_over));
            (record, EPOCH + moments.now * MILLISECOND)
        });
        Some((node.0, Given::Command(command, record)))
    }

    /// Takes a message out of its channel. A process that is down does not get it.
    fn deliver(&mut self, ends: (u32, u32), place: usize, again: bool) -> Option<(u32, Given<A>)> {
        let sent = self.channels.take(ends, place, again);
        if self.processes[sent.to as usize].is_down {
            self.lose(&sent, Loss::Down, "the receiver has crashed");
            return None;
        }
        Some((sent.to, Given::Message(sent)))
    }

    /// Records a message that will not arrive, in a run that is recorded as spans.
    fn lose(&self, sent: &Sent<A::Message>, loss: Loss, reason: &str) {
        let steps = &self.processes[sent.from as usize].steps;
        let (kind, received) = (sent.message.kind(), &sent.received);
        let (name, sent_by) = (
            self.fixed.directory.name(NodeId(sent.to)),
            received.sent_by.clone(),
        );
        steps.lost(kind, received.id, name, sent_by, loss, reason);
    }

    /// How long the run has gone on, as far as timers state it, in nanoseconds.
    pub(super) fn since(&self) -> u64 {
        u64::try_from(self.now.as_nanos()).unwrap_or(u64::MAX)
    }

    /// The time of a crash or a restart, on the clock of the steps. That of spans ticks while
    /// a run is replayed, and stands still in a search.
    fn fault_unix_nano(&self) -> u64 {
        match self.now_unix_nano() {
            EPOCH => EPOCH.saturating_add(self.since()),
            ticking => ticking,
        }
    }

    /// The time of what happens now.
    fn moment_unix_nano(&self) -> u64 {
        (EPOCH + self.moments.now * MILLISECOND).saturating_add(self.since())
    }

    /// Changes the state by the outcome of a step.
    fn carry<S: System<Algorithm = A>>(&mut self, system: &S, node: u32, outcome: &Outcome<A>) {
        self.latest = node;
        self.has_drawn |= outcome.choices.has_drawn();
        self.processes[node as usize] = Arc::clone(&outcome.process);
        if let Some(fault) = &outcome.fault {
            self.fault = Some(Arc::new(fault.clone()));
            return;
        }
        for sent in &outcome.sent {
            self.channels.send(Arc::clone(sent));
        }
        let mut answers = false;
        for output in &outcome.outputs {
            answers |= self.hear(system, NodeId(node), output);
        }
        if answers {
            self.moments.is_over = true;
            let (at, fixed) = (self.moment_unix_nano(), Arc::clone(&self.fixed));
            let process = self.process(node);
            process.see_at(at);
            process.digests = fixed.identity.process(node, process);
        }
    }

    /// A process has made an output: it may answer an operation. Returns whether it does.
    fn hear<S: System<Algorithm = A>>(
        &mut self,
        system: &S,
        node: NodeId,
        output: &A::Output,
    ) -> bool {
        let is_ending = system.ends(node, output);
        if !is_ending && self.environment.clients.is_empty() {
            return false;
        }
        self.change(|environment| {
            environment.endings.count(system, node, output);
            if environment.clients.is_empty() {
                return false;
            }
            if let Some(leader) = system.leads(node, output) {
                environment.clients.led_by(leader);
            }
            let answered = environment
                .operations
                .answer(system, node, u64::MAX, output);
            let Some((Some(ticket), answer)) = answered else {
                return false;
            };
            environment.clients.answered(ticket, answer, Duration::ZERO);
            true
        })
    }

    /// Changes what surrounds the processes.
    fn change<T>(&mut self, change: impl FnOnce(&mut Environment<A::Command>) -> T) -> T {
        let environment = Arc::make_mut(&mut self.environment);
        let changed = change(environment);
        environment.digests = self.fixed.identity.environment(environment);
        changed
    }

    /// One process; a shared one is copied first.
    fn process(&mut self, node: u32) -> &mut Process<A> {
        Arc::make_mut(&mut self.processes[node as usize])
    }
}

/// Counts a fault whose number is limited.
fn spend(spent: &mut u32, limit: u32) {
    *spent += u32::from(limit != UNLIMITED);
}
