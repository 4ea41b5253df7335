//! The bully election: who leads when the leader is gone?
//!
//! Hector Garcia-Molina, "Elections in a Distributed Computing System", IEEE Transactions
//! on Computers C-31(1), 1982, appendix.
//!
//! Every process can send to every other, and all know the numbers of all. The largest
//! process that is up is to lead, and the others are to know it. Processes stop and come
//! back, the leader as well.
//!
//! A process that finds that the leader has stopped, or that restarts itself, holds an
//! *election*: it asks all larger processes whether they are up. If none answers in time,
//! it is the largest that is up; it leads, and announces itself to all smaller ones. If one
//! answers, that one holds an election of its own, and the first waits for the announcement
//! of the leader. If none comes in time, the process that answered has stopped, and the
//! first begins anew. So the largest process always takes over: it is the bully.
//!
//! A process concludes from silence that another has stopped. That is right only if
//! messages and steps have an upper bound of time, and the time-out is beyond it. With a
//! shorter one, two processes that are up lead at once. (The paper's second algorithm,
//! for networks without that bound, elects leaders of groups.)
//!
//! What it needs: a channel between any two that loses nothing; a bound on the time of a
//! message, known to all. Any number of processes may stop.
//!
//! Cost: at best, when the largest that is up begins, one ANSWER is awaited in vain and
//! N-2 announcements follow; at worst, when the smallest of all begins, every process
//! asks all larger ones: N(N-1)/2 ELECTIONs and as many ANSWERs, which is of the order
//! N². It takes two time-outs at most, if none stops meanwhile.
//!
//! The whole algorithm is in this file.

use std::time::Duration;

use crate::{Algorithm, Describe, NodeId, Out};

/// The most ELECTIONs of one election among `processes` that are all up: each asks all that
/// are larger.
pub const fn most_questions(processes: u64) -> u64 {
    processes * processes.saturating_sub(1) / 2
}

/// The messages between processes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Message, Describe)]
pub enum Message {
    /// To a larger process: are you there?
    #[message(tag = 1, request)]
    Election,
    /// To a smaller one: I am, and take over.
    #[message(tag = 2, reply)]
    Answer,
    /// To a smaller one: I lead.
    #[message(tag = 3)]
    Coordinator,
}

/// The commands of a process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// The leader is gone, or there was none yet: hold an election.
    Elect,
}

/// The outputs of a process.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Output, Describe)]
pub enum Output {
    /// It has another leader than before.
    Elected {
        /// The leader.
        process: NodeId,
    },
}

/// The timers of a process.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// No larger process has answered.
    Answer,
    /// A larger process has answered, and no leader has announced itself.
    Coordinator,
}

/// The state of one process.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
pub struct Bully {
    #[describe(skip)]
    me: NodeId,
    #[describe(skip)]
    smaller: Vec<NodeId>,
    #[describe(skip)]
    larger: Vec<NodeId>,
    /// How long an answer takes at most.
    #[describe(skip)]
    timeout: Duration,
    phase: Phase,
    leader: Option<NodeId>,
}

/// The phase of a process in an election.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Describe)]
enum Phase {
    /// It holds no election.
    Idle,
    /// It has asked all larger processes.
    Asking,
    /// One has answered.
    Waiting,
}

impl Algorithm for Bully {
    type Message = Message;
    type Timer = Timer;
    type Command = Command;
    type Output = Output;

    fn on_restart(&mut self, out: &mut Out<Self>) {
        self.elect(out);
    }

    fn on_command(&mut self, Command::Elect: Command, out: &mut Out<Self>) {
        self.elect(out);
    }

    fn on_message(&mut self, from: NodeId, message: Message, out: &mut Out<Self>) {
        match message {
            Message::Election if from < self.me => {
                out.send(from, Message::Answer);
                if self.phase == Phase::Idle {
                    self.elect(out);
                }
            }
            Message::Answer if from > self.me && self.phase == Phase::Asking => {
                self.phase = Phase::Waiting;
                out.cancel_timer(Timer::Answer);
                // The other may have to wait for answers itself.
                out.set_timer(Timer::Coordinator, self.timeout * 2);
            }
            Message::Coordinator if from > self.me => self.follow(from, out),
            // It claims to lead, and is smaller.
            Message::Coordinator if self.phase == Phase::Idle => self.elect(out),
            Message::Election | Message::Answer | Message::Coordinator => {} // Too late, or forged.
        }
    }

    fn on_timer(&mut self, timer: Timer, out: &mut Out<Self>) {
        match timer {
            Timer::Answer => self.lead(out),
            Timer::Coordinator => self.elect(out),
        }
    }
}

impl Bully {
    /// A process among `all`. An answer comes within `timeout`.
    pub fn new(me: NodeId, all: impl IntoIterator<Item = NodeId>, timeout: Duration) -> Self {
        let others = all.into_iter().filter(|other| *other != me);
        let (smaller, larger) = others.partition(|other| *other < me);
        Self {
            me,
            smaller,
            larger,
            timeout,
            phase: Phase::Idle,
            leader: None,
        }
    }

    fn elect(&mut self, out: &mut Out<Self>) {
        if self.larger.is_empty() {
            return self.lead(out);
        }
        self.phase = Phase::Asking;
        out.broadcast(self.larger.clone(), &Message::Election);
        out.cancel_timer(Timer::Coordinator);
        out.set_timer(Timer::Answer, self.timeout);
    }

    fn lead(&mut self, out: &mut Out<Self>) {
        out.broadcast(self.smaller.clone(), &Message::Coordinator);
        self.follow(self.me, out);
    }

    fn follow(&mut self, leader: NodeId, out: &mut Out<Self>) {
        self.phase = Phase::Idle;
        out.cancel_timer(Timer::Answer);
        out.cancel_timer(Timer::Coordinator);
        if self.leader.replace(leader) != Some(leader) {
            out.output(Output::Elected { process: leader });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Effect, Input, step};

    const TIMEOUT: Duration = Duration::from_millis(100);

    fn process(me: u32) -> Bully {
        Bully::new(NodeId(me), (0..4).map(NodeId), TIMEOUT)
    }

    /// The messages that are sent, each with its receiver, and the leaders that are output.
    fn handle(process: &mut Bully, input: Input<Bully>) -> (Vec<(u32, Message)>, Vec<u32>) {
        let (mut sent, mut elected) = (Vec::new(), Vec::new());
        for effect in step(process, input, 0) {
            match effect {
                Effect::Send { to, message, .. } => sent.push((to.0, message)),
                Effect::Output(Output::Elected { process }) => elected.push(process.0),
                Effect::SetTimer { .. } | Effect::CancelTimer { .. } | Effect::Persist => {}
            }
        }
        (sent, elected)
    }

    fn receive(
        process: &mut Bully,
        from: u32,
        message: Message,
    ) -> (Vec<(u32, Message)>, Vec<u32>) {
        let from = NodeId(from);
        handle(process, Input::Message { from, message })
    }

    #[test]
    fn a_process_asks_all_larger_ones_and_leads_if_none_answers() {
        let mut asks = process(1);
        let asked = vec![(2, Message::Election), (3, Message::Election)];
        assert_eq!(
            handle(&mut asks, Input::Command(Command::Elect)),
            (asked, vec![])
        );
        let led = (vec![(0, Message::Coordinator)], vec![1]);
        assert_eq!(handle(&mut asks, Input::Timer(Timer::Answer)), led);
        let again = (vec![(0, Message::Coordinator)], vec![]);
        handle(&mut asks, Input::Command(Command::Elect));
        assert_eq!(
            handle(&mut asks, Input::Timer(Timer::Answer)),
            again,
            "no other leader"
        );
    }

    #[test]
    fn a_process_that_was_answered_waits_and_begins_anew() {
        let mut asks = process(1);
        handle(&mut asks, Input::Command(Command::Elect));
        assert_eq!(receive(&mut asks, 2, Message::Answer), (vec![], vec![]));
        assert_eq!(asks.phase, Phase::Waiting);
        assert_eq!(
            handle(&mut asks, Input::Timer(Timer::Coordinator)).0.len(),
            2
        );
        assert_eq!(asks.phase, Phase::Asking);
        assert_eq!(
            receive(&mut asks, 3, Message::Coordinator),
            (vec![], vec![3])
        );
        assert_eq!(
            receive(&mut asks, 2, Message::Answer),
            (vec![], vec![]),
            "too late"
        );
        assert_eq!(asks.phase, Phase::Idle);
    }

    #[test]
    fn the_largest_leads_at_once_when_asked_or_back() {
        let announced = |answer: &[(u32, Message)]| {
            let all = (0..3).map(|other| (other, Message::Coordinator));
            answer.iter().cloned().chain(all).collect::<Vec<_>>()
        };
        let answer = [(1, Message::Answer)];
        let asked = receive(&mut process(3), 1, Message::Election);
        assert_eq!(asked, (announced(&answer), vec![3]));
        assert_eq!(
            handle(&mut process(3), Input::Restart),
            (announced(&[]), vec![3])
        );
        let claimed = receive(&mut process(3), 2, Message::Coordinator);
        assert_eq!(claimed, (announced(&[]), vec![3]));
    }

    #[test]
    fn forged_messages_are_ignored() {
        for (from, message) in [
            (2, Message::Election),
            (0, Message::Answer),
            (9, Message::Answer),
        ] {
            assert_eq!(receive(&mut process(1), from, message), (vec![], vec![]));
        }
    }
}
