//! What can happen in a state.

use std::time::Duration;

use algorithms::Algorithm;
#[cfg(doc)]
use algorithms::Choices;

use super::World;
use super::channels::UnderWay;
use super::process::Timer;
#[cfg(doc)]
use crate::system::System;

/// A timer that is set for so long waits until nothing else can happen.
pub(super) const PATIENT: Duration = Duration::from_secs(1);

/// The most channels of a process of which each may be lost in a crash, or not. A guess: of
/// more, the others keep their messages, and the check is not whole.
pub(in crate::model) const MOST_CHANNELS: usize = 6;

/// The most combinations of initial states that are tried. A guess; with more, a check is
/// not whole.
pub(in crate::model) const MOST_STARTS: usize = 1_000_000;

/// Something that can happen. Processes, commands and messages are named by
/// their numbers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// All processes start, in that combination of their initial states. An action of its
    /// own only if there are several, or if they make random choices there; otherwise a run
    /// begins after it.
    Start(usize),
    /// A command is given.
    Command(usize),
    /// A client asks for its next operation.
    Ask(usize),
    /// A client waits no longer for an answer.
    GoOn(usize),
    /// The message at that place of a channel comes.
    Deliver(u32, u32, usize),
    /// It comes, and will come once more.
    Duplicate(u32, u32, usize),
    /// It is lost.
    Lose(u32, u32, usize),
    /// A process's timer runs out: the one at that place among its timers.
    Timer(u32, usize),
    /// A process stops: its timers and all but its durable fields are gone, and the messages
    /// under way from it to these processes are lost.
    Crash(u32, Vec<u32>),
    /// A process that crashed restarts.
    Restart(u32),
    /// The same as another action, with these first [choices](Choices) in its step.
    Choosing(Box<Self>, Vec<u32>),
}

impl Action {
    /// The same with other random choices.
    pub fn choosing(self, choices: Vec<u32>) -> Self {
        match choices.is_empty() {
            true => self,
            false => Self::Choosing(Box::new(self), choices),
        }
    }
}

impl<A: Algorithm> World<A> {
    /// The possible actions, each without choices.
    pub fn actions(&self) -> Vec<Action> {
        if !self.is_started {
            return (0..self.fixed.starts.min(MOST_STARTS))
                .map(Action::Start)
                .collect();
        }
        let mut actions = Vec::new();
        self.commands(&mut actions);
        let clients = &self.environment.clients;
        let ready = (0..clients.len()).filter(|one| clients.target(*one).is_some());
        actions.extend(ready.map(Action::Ask));
        match self.fixed.identity.is_synchronous {
            true => self.synchronous(&mut actions),
            false => self.asynchronous(&mut actions),
        }
        self.crashes_and_restarts(&mut actions);
        actions
    }

    /// Commands to one process are given in their order.
    fn commands(&self, actions: &mut Vec<Action>) {
        let mut missing = self.environment.given.clone();
        for (number, command) in self.fixed.commands.iter().enumerate() {
            let before = &mut missing[usize::from(command.node)];
            if *before == 0 {
                actions.push(Action::Command(number));
            }
            *before = before.wrapping_sub(1);
        }
    }

    fn asynchronous(&self, actions: &mut Vec<Action>) {
        for (place, one) in self.channels.iter() {
            if place == 0 || !self.fixed.identity.fifo {
                self.deliveries(actions, place, one);
            }
        }
        self.timers(actions, |timer| timer.after < PATIENT);
        if actions.is_empty() {
            let all = self
                .processes
                .iter()
                .flat_map(|process| process.timers.values());
            let next = all.map(|timer| timer.due).min();
            self.timers(actions, |timer| Some(timer.due) == next);
            let clients = &self.environment.clients;
            let waiting = (0..clients.len()).filter(|one| clients.waits(*one));
            actions.extend(waiting.map(Action::GoOn));
        }
    }

    pub(super) fn deliveries(
        &self,
        actions: &mut Vec<Action>,
        place: usize,
        one: &UnderWay<A::Message>,
    ) {
        let (from, to) = one.sent.ends();
        actions.push(Action::Deliver(from, to, place));
        // A process that is down loses the message.
        if self.processes[to as usize].is_down {
            return;
        }
        if self.spent.losses < self.fixed.network.losses {
            actions.push(Action::Lose(from, to, place));
        }
        if self.spent.duplicates < self.fixed.network.duplicates && !one.again {
            actions.push(Action::Duplicate(from, to, place));
        }
    }

    fn timers(&self, actions: &mut Vec<Action>, which: impl Fn(&Timer) -> bool) {
        for (node, process) in (0..).zip(&self.processes) {
            for (place, timer) in process.timers.values().enumerate() {
                let mut others = process.timers.values();
                if which(timer) && !others.any(|other| other.is_due_before(timer)) {
                    actions.push(Action::Timer(node, place));
                }
            }
        }
    }

    /// A run in which nothing else can happen is over: no process crashes in it.
    fn crashes_and_restarts(&self, actions: &mut Vec<Action>) {
        let may_crash = self.spent.crashes < self.fixed.network.crashes && !actions.is_empty();
        let may_restart = self.spent.restarts < self.fixed.network.restarts;
        for (node, process) in (0..).zip(&self.processes) {
            match process.is_down {
                false if may_crash => {
                    let crash = |lost| Action::Crash(node, lost);
                    actions.extend(self.lost_with(node).map(crash));
                }
                true if may_restart => actions.push(Action::Restart(node)),
                false | true => {}
            }
        }
    }

    /// The processes to which messages of a process may be lost when it crashes: any of those
    /// to which one is under way, so that it may have sent half a broadcast. All messages of
    /// a channel are lost, or none: if only the last are, the others may as well have come
    /// before.
    ///
    /// In a [synchronous](System::is_synchronous) system all messages of a process have come
    /// before it takes its next step. There it crashes between two sendings.
    fn lost_with(&self, node: u32) -> impl Iterator<Item = Vec<u32>> {
        let mut to = self.receivers(node);
        to.truncate(match self.fixed.identity.is_synchronous {
            true => 0,
            false => MOST_CHANNELS,
        });
        (0..1_usize << to.len()).map(move |subset| {
            let chosen = |place: &usize| subset >> place & 1 == 1;
            let lost = (0..to.len()).filter(chosen);
            lost.map(|place| to[place]).collect()
        })
    }

    /// The processes to which messages of a process are under way.
    fn receivers(&self, node: u32) -> Vec<u32> {
        let all = self.channels.iter().map(|(_, one)| one.sent.ends());
        let mut to: Vec<_> = all
            .filter(|(from, _)| *from == node)
            .map(|(_, to)| to)
            .collect();
        to.dedup();
        to
    }

    /// Whether a crash here could lose more channels than are tried.
    pub(in crate::model) fn may_lose_more(&self) -> bool {
        let may_crash = self.spent.crashes < self.fixed.network.crashes;
        let is_large = self.processes.len() > MOST_CHANNELS + 1;
        let mut nodes = 0..self.processes.len() as u32;
        may_crash
            && is_large
            && !self.fixed.identity.is_synchronous
            && nodes.any(|node| self.receivers(node).len() > MOST_CHANNELS)
    }
}
