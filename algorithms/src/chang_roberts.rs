//! Election on a ring, after Chang and Roberts: how do identical processes agree
//! on one of them?
//!
//! Ernest Chang and Rosemary Roberts, "An Improved Algorithm for Decentralized
//! Extrema-Finding in Circular Configurations of Processes", CACM 22(5), 1979.
//!
//! Processes form a ring, and each sends to the next alone. No two have the same
//! identity, but a process knows neither the identities of the others nor how
//! many there are. Any of them may become *candidates*. Exactly one is to be
//! elected, and all processes are to learn its identity.
//!
//! A candidate sends its identity around the ring. A process that is not a
//! candidate forwards it. A candidate forwards an identity larger than its own
//! and discards a smaller one. So no identity but the largest among the
//! candidates gets past all of them, and the candidate that receives its own
//! identity is the leader. It announces that to the whole ring.
//!
//! A process that has forwarded an identity does not become a candidate any more:
//! its own might be larger, and the rival that it let pass would still win. (That
//! bystanders take no part is Tel's form, "Introduction to Distributed
//! Algorithms", chapter 7. In others the election wakes them, and the leader is
//! the largest of all.)
//!
//! Discarding identities is the improvement over Gérard Le Lann's election
//! ("Distributed Systems: Towards a Formal Approach", IFIP 1977), where each
//! goes all the way round: N² messages when all are candidates.
//!
//! What it needs: a ring, distinct identities, channels that lose nothing, and no
//! crashes. It does not need channels that keep the order. It elects once.
//!
//! Cost: it depends on the order of the identities in the ring. When all N are
//! candidates, the largest goes N hops, and every other one as far as the next
//! larger. At best these are 1 hop each, 2N-1 in all; at worst 1, 2, ..., N-1,
//! which makes N(N+1)/2; on average over all orders N times the harmonic number
//! H(N), about 0.69 N log2 N. This is the paper's count. The announcement is N
//! more. All know the leader 2N-1 hops after the largest candidate has begun, and
//! one hop later the announcement is back.
//!
//! The whole algorithm is in this file.

use crate::{Algorithm, Describe, NodeId, Out};

/// The fewest ELECTION messages among `processes` that are all candidates.
pub const fn fewest_messages(processes: u64) -> u64 {
    (2 * processes).saturating_sub(1)
}

/// The most ELECTION messages among `processes` that are all candidates.
pub const fn most_messages(processes: u64) -> u64 {
    processes * (processes + 1) / 2
}

/// The mean number of ELECTION messages among `processes` that are all
/// candidates, when every order of the identities is as likely as any other.
pub fn average_messages(processes: u64) -> f64 {
    let harmonic: f64 = (1..=processes).map(|k| 1.0 / k as f64).sum();
    processes as f64 * harmonic
}

/// How many ELECTED messages announce the leader to `processes`.
pub const fn announcement_messages(processes: u64) -> u64 {
    processes
}

/// The commands of a process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// Become a candidate, unless an election has come by already.
    Elect,
}

/// The messages, each to the next process in the ring.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Message, Describe)]
pub enum Message {
    /// A candidate's identity, on its way around the ring.
    #[message(tag = 1)]
    Election {
        /// The identity.
        id: u64,
    },
    /// The election is over.
    #[message(tag = 2)]
    Elected(Leader),
}

/// The elected process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, crate::Message, Describe)]
#[message(nested)]
pub struct Leader {
    /// Its identity.
    #[message(tag = 1)]
    #[describe(name = "leader")]
    pub id: u64,
    /// Its process number.
    #[message(tag = 2)]
    pub process: NodeId,
}

/// The outputs of a process.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Output, Describe)]
pub enum Output {
    /// It knows the leader. Each process outputs this at most once.
    Elected(Leader),
}

/// The state of one process.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
pub struct ChangRoberts {
    #[describe(skip)]
    me: NodeId,
    /// The only one that this process sends to.
    #[describe(skip)]
    next: NodeId,
    /// Its identity, unique in the ring.
    id: u64,
    status: Status,
    /// The leader, once it is known.
    #[describe(with = |leader: &Option<Leader>| leader.map(|leader| leader.id))]
    leader: Option<Leader>,
}

/// The status of a process in the election.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Describe)]
enum Status {
    /// It has seen no ELECTION message.
    Idle,
    /// It has sent its identity.
    Candidate,
    /// It forwarded an ELECTION message before it became a candidate.
    Bystander,
}

impl ChangRoberts {
    /// A process of that identity, which is less than 2^63, before `next` in
    /// the ring.
    pub fn new(me: NodeId, next: NodeId, id: u64) -> Self {
        Self {
            me,
            next,
            id,
            status: Status::Idle,
            leader: None,
        }
    }
}

impl Algorithm for ChangRoberts {
    type Message = Message;
    type Timer = ();
    type Command = Command;
    type Output = Output;

    fn on_command(&mut self, command: Command, out: &mut Out<Self>) {
        match command {
            Command::Elect if self.status == Status::Idle => self.stand(out),
            Command::Elect => {} // Too late, or a candidate already.
        }
    }

    fn on_message(&mut self, _: NodeId, message: Message, out: &mut Out<Self>) {
        match message {
            Message::Election { id } if id == self.id => self.on_own_identity(out),
            Message::Election { id } => self.on_election(id, out),
            Message::Elected(leader) if self.leader.is_none() => self.on_elected(leader, out),
            Message::Elected(_) => {} // The announcement has returned.
        }
    }

    fn on_timer(&mut self, (): (), _: &mut Out<Self>) {}
}

impl ChangRoberts {
    /// The paper's beginning: a process sends a message with its own number to the next,
    /// and takes part from then on.
    fn stand(&mut self, out: &mut Out<Self>) {
        self.status = Status::Candidate;
        out.send(self.next, Message::Election { id: self.id });
    }

    /// The paper's comparison with the own number: a larger one is forwarded, a smaller
    /// one discarded. That a bystander forwards all is Tel's form.
    fn on_election(&mut self, id: u64, out: &mut Out<Self>) {
        match self.status {
            Status::Candidate if id < self.id => {} // Discarded.
            Status::Candidate => out.send(self.next, Message::Election { id }),
            Status::Idle | Status::Bystander => {
                self.status = Status::Bystander;
                out.send(self.next, Message::Election { id });
            }
        }
    }

    /// The third case of the paper's comparison: the numbers are equal. Our identity has
    /// got past every candidate, so all others are smaller.
    /// A duplicate or a forged message is ignored: we won already, or never sent it.
    fn on_own_identity(&mut self, out: &mut Out<Self>) {
        if self.status == Status::Candidate && self.leader.is_none() {
            let leader = Leader {
                id: self.id,
                process: self.me,
            };
            self.on_elected(leader, out);
        }
    }

    /// The second round, in which the paper lets the winner make itself known.
    fn on_elected(&mut self, leader: Leader, out: &mut Out<Self>) {
        self.leader = Some(leader);
        out.output(Output::Elected(leader));
        out.send(self.next, Message::Elected(leader));
    }
}

#[cfg(test)]
mod tests {
    use proto::Bytes;

    use super::*;
    use crate::testing::Network;
    use crate::{Effect, Input, Message as _, step};

    const ME: NodeId = NodeId(0);
    const NEXT: NodeId = NodeId(1);

    /// The outcome of an election.
    struct Election {
        leaders: Vec<Leader>,
        elections: u64,
        announcements: u64,
    }

    /// A ring of processes with these identities. Some become candidates at
    /// once, others at any time.
    fn elect(ids: &[u64], at_once: &[usize], later: &[usize], seed: u64) -> Election {
        let node = |place: usize| NodeId((place % ids.len()) as u32);
        let next = |me: NodeId| node(usize::from(me) + 1);
        let new = |me: NodeId| ChangRoberts::new(me, next(me), ids[usize::from(me)]);
        let mut ring = Network::new(ids.len() as u32, new, seed);
        for &place in at_once {
            ring.now(node(place), Input::Command(Command::Elect));
        }
        for &place in later {
            ring.later(node(place), Input::Command(Command::Elect));
        }
        ring.run();
        let announced = |(_, _, message): &&_| matches!(message, Message::Elected(_));
        let announcements = ring.sent.iter().filter(announced).count() as u64;
        let leaders = ring
            .outputs
            .into_iter()
            .map(|(_, Output::Elected(leader))| leader);
        Election {
            leaders: leaders.collect(),
            elections: ring.sent.len() as u64 - announcements,
            announcements,
        }
    }

    /// Every order of the numbers from 1 to `count`.
    fn orders(count: u64) -> Vec<Vec<u64>> {
        let mut orders = vec![vec![]];
        for number in 1..=count {
            let longer = orders.iter().flat_map(|order: &Vec<u64>| {
                (0..=order.len()).map(|at| [&order[..at], &[number], &order[at..]].concat())
            });
            orders = longer.collect();
        }
        orders
    }

    fn receive(process: &mut ChangRoberts, message: Message) -> Vec<Effect<ChangRoberts>> {
        let from = NodeId(9);
        step(process, Input::Message { from, message }, 0)
    }

    fn send(message: Message) -> Effect<ChangRoberts> {
        Effect::Send {
            to: NEXT,
            message,
            within: None,
        }
    }

    fn candidate(id: u64) -> ChangRoberts {
        let mut candidate = ChangRoberts::new(ME, NEXT, id);
        let effects = step(&mut candidate, Input::Command(Command::Elect), 0);
        assert_eq!(effects, [send(Message::Election { id })]);
        candidate
    }

    #[test]
    fn the_average_over_all_orders_is_that_of_the_paper() {
        for count in 1..=7 {
            let all: Vec<_> = (0..count as usize).collect();
            let cost = |order: &Vec<u64>| {
                let election = elect(order, &all, &[], 0);
                assert_eq!(election.leaders.len(), order.len(), "{order:?}");
                assert_eq!(election.announcements, announcement_messages(count));
                election.elections
            };
            let costs: Vec<_> = orders(count).iter().map(cost).collect();
            assert_eq!(costs.iter().min(), Some(&fewest_messages(count)));
            assert_eq!(costs.iter().max(), Some(&most_messages(count)));
            let average = costs.iter().sum::<u64>() as f64 / costs.len() as f64;
            assert!((average - average_messages(count)).abs() < 1e-9, "{count}");
        }
    }

    #[test]
    fn one_leader_is_elected_for_any_candidates_at_any_time() {
        let ids = [30, 10, 60, 20, 50, 40];
        for candidates in 1..1 << ids.len() {
            let stands = |place: &usize| candidates & (1 << place) != 0;
            let places: Vec<_> = (0..ids.len()).filter(stands).collect();
            for seed in 0..20 {
                let election = elect(&ids, &[], &places, seed);
                let leaders = &election.leaders;
                assert_eq!(leaders.len(), ids.len(), "{places:?}, seed {seed}");
                assert!(
                    leaders.iter().all(|leader| *leader == leaders[0]),
                    "{leaders:?}"
                );
                let place = usize::from(leaders[0].process);
                assert!(places.contains(&place), "{places:?}, seed {seed}");
                assert_eq!(ids[place], leaders[0].id);

                let election = elect(&ids, &places, &[], seed);
                let largest = places.iter().map(|&place| ids[place]).max();
                assert_eq!(Some(election.leaders[0].id), largest, "{places:?}");
            }
        }
    }

    #[test]
    fn a_candidate_discards_smaller_identities() {
        let mut process = candidate(5);
        let election = |id| Message::Election { id };
        assert_eq!(receive(&mut process, election(4)), []);
        assert_eq!(receive(&mut process, election(6)), [send(election(6))]);
        assert_eq!(receive(&mut process, election(4)), [], "discarded again");
        let again = step(&mut process, Input::Command(Command::Elect), 0);
        assert_eq!(again, [], "a candidate already");

        let leader = Leader { id: 5, process: ME };
        let won = [
            Effect::Output(Output::Elected(leader)),
            send(Message::Elected(leader)),
        ];
        assert_eq!(receive(&mut process, election(5)), won);
        assert_eq!(receive(&mut process, Message::Elected(leader)), []);
        assert_eq!(receive(&mut process, election(5)), [], "duplicate");
    }

    #[test]
    fn a_bystander_forwards_all_identities_and_cannot_become_a_candidate() {
        let mut process = ChangRoberts::new(ME, NEXT, 5);
        let election = |id| Message::Election { id };
        assert_eq!(receive(&mut process, election(5)), [], "forged");
        assert_eq!(receive(&mut process, election(4)), [send(election(4))]);
        let late = step(&mut process, Input::Command(Command::Elect), 0);
        assert_eq!(late, []);
        assert_eq!(process.fields().to_string(), "id=5 status=bystander");

        let leader = Leader {
            id: 4,
            process: NodeId(3),
        };
        let heard = [
            Effect::Output(Output::Elected(leader)),
            send(Message::Elected(leader)),
        ];
        assert_eq!(receive(&mut process, Message::Elected(leader)), heard);
        let other = Leader { id: 9, ..leader };
        assert_eq!(receive(&mut process, Message::Elected(other)), []);
        let state = "id=5 status=bystander leader=4";
        assert_eq!(process.fields().to_string(), state);
    }

    #[test]
    fn malformed_payload_is_rejected() {
        let leader = Leader { id: 7, process: ME };
        for message in [Message::Election { id: 7 }, Message::Elected(leader)] {
            assert_eq!(Message::from_payload(message.to_payload()), Some(message));
        }
        for bytes in [&b""[..], b"\xff", b"\x0a\x7f", b"GET /"] {
            let bytes = Bytes::copy_from_slice(bytes);
            assert_eq!(Message::from_payload(bytes), None);
        }
    }
}
