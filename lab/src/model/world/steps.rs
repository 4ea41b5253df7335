//! How an action changes a state.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use algorithms::{Algorithm, Choices, Effect, NodeId};
use opentelemetry::Context;
use opentelemetry::trace::SpanContext;
use trace::history::CrashRecord;
use trace::steps::{Processes, Received, RequestRecord, Step};

use super::World;
use super::actions::Action;
use super::process::{Channel, Process, Sent, Timer};
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
        let (action, given) = match action {
            Action::Choosing(action, given) => (*action, given),
            action => (action, Vec::new()),
        };
        let mut choices = Choices::new(given);
        if let Action::Start(start) = action {
            self.start(system, start, &mut choices);
            return choices;
        }
        match self.stepping(&action) {
            None => drop(self.step(action)),
            Some(node) => self.choosing(node, &mut choices, |world| {
                if let Some((node, step)) = world.step(action) {
                    world.carry_out(system, node, step);
                }
            }),
        }
        choices
    }

    /// Starts all processes, in that combination of initial states.
    fn start<S: System<Algorithm = A>>(&mut self, system: &S, start: usize, choices: &mut Choices) {
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
        let directory = self.directory.clone();
        for node in 0..system.processes() {
            self.choosing(node, choices, |world| {
                let step = world.process(node).steps.start(&directory);
                world.carry_out(system, node, step);
            });
            if self.fault.is_some() {
                break;
            }
        }
    }

    /// Lets a process take a step in which its random choices are these, and any others.
    fn choosing(&mut self, node: u32, choices: &mut Choices, step: impl FnOnce(&mut Self)) {
        self.process(node).steps.choose(std::mem::take(choices));
        step(self);
        *choices = self.process(node).steps.chosen().unwrap_or_default();
        self.has_drawn |= choices.has_drawn();
    }

    /// The process that takes a step, if one does.
    fn stepping(&self, action: &Action) -> Option<u32> {
        let node = match action {
            Action::Command(number) => self.commands[*number].node.0,
            Action::Deliver(_, to, _) | Action::Duplicate(_, to, _) => *to,
            Action::Timer(node, _) => *node,
            Action::Ask(client) => self.clients.target(*client)?.0,
            Action::Restart(node) => return Some(*node),
            Action::Start(_)
            | Action::GoOn(_)
            | Action::Lose(..)
            | Action::Crash(_)
            | Action::Choosing(..) => return None,
        };
        (!self.processes[node as usize].is_down).then_some(node)
    }

    /// The step that an action leads to, and its process.
    fn step(&mut self, action: Action) -> Option<(u32, Step<A>)> {
        let directory = self.directory.clone();
        match action {
            Action::Command(number) => {
                self.given.insert(number);
                let asked = self.commands[number].clone();
                self.ask(asked.node, asked.command, None, &directory)
            }
            // There is no time: `Duration::ZERO` stands for any.
            Action::Ask(client) => match self.clients.act(client, Duration::ZERO) {
                Act::Ask {
                    node,
                    command,
                    record,
                    ticket,
                } => self.ask(node, command, Some((record, ticket)), &directory),
                Act::GoOn => None,
            },
            Action::GoOn(client) => {
                self.clients.go_on(client, Duration::ZERO);
                None
            }
            Action::Start(_) | Action::Choosing(..) => None,
            Action::Lose(from, to, place) => {
                spend(&mut self.spent.losses, self.network.losses);
                self.take(from, to, place);
                None
            }
            Action::Deliver(from, to, place) => {
                let sent = self.take(from, to, place);
                self.receive(from, to, sent, &directory)
            }
            Action::Duplicate(from, to, place) => {
                spend(&mut self.spent.duplicates, self.network.duplicates);
                let sent = self.take(from, to, place);
                let again = Sent {
                    again: true,
                    ..sent.clone()
                };
                self.channel(from, to).messages.insert(place, again);
                self.receive(from, to, sent, &directory)
            }
            Action::Timer(node, place) => {
                let process = self.process(node);
                let timer = process.timers.keys().nth(place)?.clone();
                let Timer { set_by, due, .. } = process.timers.remove(&timer)?;
                let step = process.steps.timer(timer, &set_by, &directory);
                if self.is_synchronous {
                    self.now = due;
                }
                Some((node, step))
            }
            Action::Crash(node) => {
                spend(&mut self.spent.crashes, self.network.crashes);
                let process = self.process(node);
                process.is_down = true;
                process.timers.clear();
                self.crashes.push(CrashRecord {
                    process: directory.name(NodeId(node)),
                    at: self.clock.load(Ordering::Relaxed),
                    restarted: None,
                });
                None
            }
            Action::Restart(node) => {
                spend(&mut self.spent.restarts, self.network.restarts);
                let (name, now) = (directory.name(NodeId(node)), &self.clock);
                let crash = self.crashes.iter_mut().rfind(|crash| crash.process == name);
                if let Some(crash) = crash {
                    crash.restarted = Some(now.load(Ordering::Relaxed));
                }
                self.operations.forget(NodeId(node));
                let process = self.process(node);
                process.is_down = false;
                Some((node, process.steps.restart(&directory)))
            }
        }
    }

    /// Gives a command, which a process that is down loses.
    fn ask(
        &mut self,
        node: NodeId,
        command: A::Command,
        request: Option<(RequestRecord, Ticket)>,
        directory: &Processes,
    ) -> Option<(u32, Step<A>)> {
        if self.processes[node.0 as usize].is_down {
            return None;
        }
        let (record, ticket) = request.unzip();
        if !self.clients.is_empty() {
            self.operations.begin(node, command.clone(), ticket);
        }
        let steps = &mut self.process(node.0).steps;
        let mut step = steps.command(command, record, Context::new(), directory);
        if let Some(record) = step.record.as_mut().filter(|_| ticket.is_some()) {
            let moments = &mut self.moments;
            moments.now += u64::from(std::mem::take(&mut moments.is_over));
            record.at_unix_nano = EPOCH + moments.now * MILLISECOND;
        }
        Some((node.0, step))
    }

    /// A process has made an output: it may answer an operation. Returns whether it does.
    fn hear<S: System<Algorithm = A>>(
        &mut self,
        system: &S,
        node: NodeId,
        output: &A::Output,
    ) -> bool {
        self.endings.count(system, node, output);
        if self.clients.is_empty() {
            return false;
        }
        if let Some(leader) = system.leads(node, output) {
            self.clients.led_by(leader);
        }
        let answered = self.operations.answer(system, node, u64::MAX, output);
        let Some((Some(ticket), answer)) = answered else {
            return false;
        };
        self.clients.answered(ticket, answer, Duration::ZERO);
        true
    }

    fn receive(
        &mut self,
        from: u32,
        to: u32,
        sent: Sent<A::Message>,
        directory: &Processes,
    ) -> Option<(u32, Step<A>)> {
        let steps = &mut self.up(to)?.steps;
        let step = steps.message(NodeId(from), sent.message, &sent.received, directory);
        Some((to, step))
    }

    pub(super) fn carry_out<S: System<Algorithm = A>>(
        &mut self,
        system: &S,
        node: u32,
        step: Step<A>,
    ) {
        let mut ids = step.first_message..;
        self.latest = node;
        self.process(node).taken += 1;
        let mut record = step.record;
        if step.fault.is_some() {
            record
                .into_iter()
                .for_each(|one| self.process(node).see(one));
            self.fault = step.fault;
            return;
        }
        for effect in step.effects {
            match effect {
                Effect::Send { to, message, .. } => {
                    let id = ids.next().unwrap_or_default();
                    self.send(node, to.0, message, id, &step.context);
                }
                Effect::SetTimer { timer, after } => {
                    let due = self.now.saturating_add(after);
                    let process = self.process(node);
                    let timing = Timer {
                        set_by: step.context.clone(),
                        after,
                        due,
                        set_at: process.taken,
                    };
                    process.timers.insert(timer, timing);
                }
                Effect::CancelTimer { timer } => {
                    self.process(node).timers.remove(&timer);
                }
                Effect::Persist => {}
                Effect::Output(output) => {
                    if self.hear(system, NodeId(node), &output) {
                        self.moments.is_over = true;
                        if let Some(record) = &mut record {
                            record.at_unix_nano = EPOCH + self.moments.now * MILLISECOND;
                        }
                    }
                    let process = self.process(node);
                    let mut hasher = DefaultHasher::new();
                    (process.outputs, &output).hash(&mut hasher);
                    process.outputs = hasher.finish();
                }
            }
        }
        record
            .into_iter()
            .for_each(|one| self.process(node).see(one));
    }

    fn send(&mut self, from: u32, to: u32, message: A::Message, id: u64, by: &SpanContext) {
        let channel = self.channel(from, to);
        let received = Received {
            id,
            sequence: channel.next_sequence,
            incarnation: 1,
            deadline_unix_nano: None,
            size: None,
            sent_by: by.is_valid().then(|| by.clone()),
        };
        channel.next_sequence += 1;
        channel.messages.push_back(Sent {
            message,
            received,
            again: false,
        });
    }

    fn take(&mut self, from: u32, to: u32, place: usize) -> Sent<A::Message> {
        let messages = &mut self.channel(from, to).messages;
        messages.remove(place).expect("it is there")
    }

    fn channel(&mut self, from: u32, to: u32) -> &mut Channel<A::Message> {
        self.channels.entry((from, to)).or_insert_with(|| Channel {
            next_sequence: 0,
            messages: VecDeque::new(),
        })
    }

    /// A process that takes steps; `None` if it is down.
    fn up(&mut self, node: u32) -> Option<&mut Process<A>> {
        let is_down = self.processes[node as usize].is_down;
        (!is_down).then(|| self.process(node))
    }

    /// One process; a shared one is copied first.
    pub(super) fn process(&mut self, node: u32) -> &mut Process<A> {
        Arc::make_mut(&mut self.processes[node as usize])
    }
}

/// Counts a fault whose number is limited.
fn spend(spent: &mut u32, limit: u32) {
    *spent += u32::from(limit != UNLIMITED);
}
