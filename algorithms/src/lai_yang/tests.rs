use proto::Bytes;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::bank::{Bank, Due, Transfer};
use crate::snapshot::Command;
use crate::{Effect, Message as _, step};

type Process = LaiYang<Bank>;
type Packet = (NodeId, NodeId, Message<Transfer>);

/// A name, how many processes, and the channels between them.
type Topology = (&'static str, u32, Vec<(u32, u32)>);

const START: u64 = 50;

/// Which message under way is delivered next.
#[derive(Clone, Copy, Debug)]
enum Order {
    Oldest,
    Newest,
    Random,
}

/// An event of the run, as an external observer sees it. Its index is its time.
#[derive(Clone, Debug)]
enum Event {
    Sent(NodeId, NodeId, Transfer),
    Received(Transfer),
    Output(NodeId, Output<Bank>),
}

struct Network {
    processes: Vec<Process>,
    under_way: Vec<Packet>,
    /// The processes that may make a transfer.
    due: Vec<NodeId>,
    seen: Vec<Event>,
    rng: ChaCha8Rng,
}

impl Network {
    /// A network with those channels, in both directions.
    fn new(processes: u32, channels: &[(u32, u32)], limit: u64, seed: u64) -> Self {
        let all = || (0..processes).map(NodeId);
        let new = |me: NodeId| {
            let neighbours = || {
                let other = |&(a, b): &(u32, u32)| match me.0 {
                    me if me == a => Some(NodeId(b)),
                    me if me == b => Some(NodeId(a)),
                    _ => None,
                };
                channels.iter().filter_map(other)
            };
            let bank = Bank::new(me, neighbours().collect(), START, Duration::ZERO, limit);
            LaiYang::new(bank, me, neighbours(), all(), Duration::from_secs(1))
        };
        let mut network = Self {
            processes: all().map(new).collect(),
            under_way: Vec::new(),
            due: Vec::new(),
            seen: Vec::new(),
            rng: ChaCha8Rng::seed_from_u64(seed),
        };
        for me in all() {
            network.input(me, Input::Start);
        }
        network
    }

    fn input(&mut self, me: NodeId, input: Input<Process>) {
        let seed = self.rng.random();
        for effect in step(&mut self.processes[usize::from(me)], input, seed) {
            match effect {
                Effect::Send { to, message, .. } => {
                    if let Message::Application { message, .. } = &message {
                        self.seen.push(Event::Sent(me, to, message.clone()));
                    }
                    self.under_way.push((me, to, message));
                }
                Effect::SetTimer {
                    timer: Timer::Application(Due),
                    ..
                } => self.due.push(me),
                Effect::Output(output) => self.seen.push(Event::Output(me, output)),
                Effect::SetTimer { .. } | Effect::CancelTimer { .. } | Effect::Persist => {}
            }
        }
    }

    fn deliver(&mut self, place: usize) {
        let (from, to, message) = self.under_way.remove(place);
        let message = Message::<Transfer>::from_payload(message.to_payload()).unwrap();
        // Recording comes before handling, and so do the outputs of the step.
        let received = match &message {
            Message::Application { message, .. } => Some(Event::Received(message.clone())),
            Message::Announce { .. } | Message::Finished { .. } => None,
        };
        self.input(to, Input::Message { from, message });
        self.seen.extend(received);
    }

    fn deliver_next(&mut self, order: Order) {
        let place = match order {
            Order::Oldest => 0,
            Order::Newest => self.under_way.len() - 1,
            Order::Random => self.rng.random_range(0..self.under_way.len()),
        };
        self.deliver(place);
    }

    fn take_snapshot(&mut self, initiator: NodeId) {
        self.input(initiator, Input::Command(Command::Snapshot));
    }

    fn transfer(&mut self, who: NodeId) {
        self.input(who, Input::Timer(Timer::Application(Due)));
    }

    /// Lets transfers, deliveries and the snapshots of those initiators
    /// happen in a random mixture, until nothing more can.
    fn run(&mut self, order: Order, mut initiators: Vec<NodeId>) {
        for steps in 0.. {
            // A process without money would try for ever.
            if steps == 500 {
                self.due.clear();
            }
            let due = self.due.len();
            let (under_way, waiting) = (self.under_way.len(), initiators.len());
            if due + under_way + waiting == 0 {
                return;
            }
            let choice = self.rng.random_range(0..2 * due + under_way + waiting);
            if choice < 2 * due {
                let who = self.due.swap_remove(choice / 2);
                self.transfer(who);
            } else if choice < 2 * due + under_way {
                self.deliver_next(order);
            } else if let Some(initiator) = initiators.pop() {
                self.take_snapshot(initiator);
            }
        }
    }

    /// How many outputs of that kind there are for a snapshot.
    fn count(&self, kind: &str, id: InstanceId) -> usize {
        let is = |seen: &&Event| match seen {
            Event::Output(_, output) => {
                use crate::Output as _;
                let snapshot = output.fields();
                let snapshot = snapshot.get_text("snapshot");
                output.kind() == kind && snapshot == Some(id.to_string().as_str())
            }
            Event::Sent(..) | Event::Received(_) => false,
        };
        self.seen.iter().filter(is).count()
    }

    /// The recorded channel states of the snapshot, with senders and receivers.
    fn channels(&self, id: InstanceId) -> Vec<(NodeId, NodeId, Transfer)> {
        let mut all = Vec::new();
        for seen in &self.seen {
            if let Event::Output(to, Output::Finished { id: of, channels }) = seen
                && *of == id
            {
                for (from, messages) in channels {
                    let messages = messages.iter().cloned();
                    all.extend(messages.map(|message| (*from, *to, message)));
                }
            }
        }
        all.sort();
        all
    }

    /// The index of the event by which each process recorded.
    fn cut(&self, id: InstanceId) -> BTreeMap<NodeId, usize> {
        let record = |(place, seen): (usize, &Event)| match seen {
            Event::Output(me, Output::Recorded { id: of, .. }) if *of == id => Some((*me, place)),
            _ => None,
        };
        self.seen.iter().enumerate().filter_map(record).collect()
    }

    /// Compares a snapshot with the events.
    fn check(&self, id: InstanceId, case: &str) {
        let all = self.processes.len();
        assert_eq!(self.count("Recorded", id), all, "{case} {id}");
        assert_eq!(self.count("Finished", id), all, "{case} {id}");
        assert_eq!(self.count("Complete", id), 1, "{case} {id}");
        let cut = self.cut(id);
        let received = |wanted: &Transfer| {
            let is = |seen: &Event| matches!(seen, Event::Received(it) if it == wanted);
            self.seen.iter().position(is).expect("nothing is lost")
        };
        let mut expected = Vec::new();
        for (place, seen) in self.seen.iter().enumerate() {
            if let Event::Sent(from, to, transfer) = seen {
                let sent_before = place < cut[from];
                let received_before = received(transfer) < cut[to];
                assert!(sent_before || !received_before, "{case} {id}: an orphan");
                if sent_before && !received_before {
                    expected.push((*from, *to, transfer.clone()));
                }
            }
        }
        expected.sort();
        let channels = self.channels(id);
        assert_eq!(channels, expected, "{case} {id}");
        let amounts = channels.iter().map(|(_, _, transfer)| transfer.amount);
        let total = self.balances(id) + amounts.sum::<u64>();
        assert_eq!(total, START * all as u64, "{case} {id}");
    }

    fn balances(&self, id: InstanceId) -> u64 {
        let balance = |seen: &Event| match seen {
            Event::Output(_, Output::Recorded { id: of, state }) if *of == id => {
                Some(state.balance())
            }
            _ => None,
        };
        self.seen.iter().filter_map(balance).sum()
    }
}

fn topologies() -> Vec<Topology> {
    vec![
        ("alone", 1, vec![]),
        ("pair", 2, vec![(0, 1)]),
        ("line", 4, vec![(0, 1), (1, 2), (2, 3)]),
        ("ring", 5, (0..5).map(|i| (i, (i + 1) % 5)).collect()),
        ("star", 5, (1..5).map(|leaf| (0, leaf)).collect()),
        (
            "mesh",
            4,
            (0..4).flat_map(|i| (0..i).map(move |j| (j, i))).collect(),
        ),
    ]
}

fn id(initiator: u32, number: u32) -> InstanceId {
    InstanceId {
        by: NodeId(initiator),
        number,
    }
}

#[test]
fn snapshots_are_right_in_any_order() {
    let mut held_some = 0;
    for (name, processes, channels) in topologies() {
        for order in [Order::Oldest, Order::Newest, Order::Random] {
            for seed in 0..60 {
                let case = format!("{name}, {order:?}, seed {seed}:");
                let mut network = Network::new(processes, &channels, 20, seed);
                let last = NodeId(processes - 1);
                // Three of one initiator and two of another.
                let initiators = vec![NodeId(0), last, NodeId(0), last, NodeId(0)];
                network.run(order, initiators);
                let ids: BTreeSet<_> = match last {
                    NodeId(0) => (0..5).map(|number| id(0, number)).collect(),
                    NodeId(last) => (0..3)
                        .map(|number| id(0, number))
                        .chain((0..2).map(|number| id(last, number)))
                        .collect(),
                };
                for id in ids {
                    network.check(id, &case);
                    held_some += usize::from(!network.channels(id).is_empty());
                }
            }
        }
    }
    assert!(held_some > 1000, "else nothing was tested: {held_some}");
}

#[test]
fn a_white_message_to_a_red_process_is_in_the_channel() {
    // 0 takes the snapshot. A case: how many payments 1 makes before it learns of
    // it, the order in which they and its announcement are delivered, and how many
    // are in the channel.
    let cases: [(usize, &[usize], usize); 5] = [
        (0, &[0], 0),
        (1, &[0, 0], 1),
        (1, &[1, 0], 1),
        (3, &[0, 0, 0, 0], 3),
        (3, &[3, 1, 0, 0], 3),
    ];
    for (payments, order, held) in cases {
        let mut network = Network::new(2, &[(0, 1)], 100, 1);
        for _ in 0..payments {
            network.transfer(NodeId(1));
        }
        network.take_snapshot(NodeId(0));
        // 1 answers with its own announcement, and with FINISHED, which does not
        // matter here.
        network.deliver(payments);
        network.under_way.truncate(payments + 1);
        for (i, &place) in order.iter().enumerate() {
            let before = network.channels(id(0, 0)).len();
            assert_eq!(before, 0, "finished after {i} of {order:?}");
            network.deliver(place);
        }
        let channels = network.channels(id(0, 0));
        assert_eq!(channels.len(), held, "{payments} {order:?}");
    }
}

#[test]
fn a_red_message_that_overtakes_the_announcement_causes_the_recording() {
    let mut network = Network::new(2, &[(0, 1)], 100, 1);
    network.take_snapshot(NodeId(0));
    network.take_snapshot(NodeId(0));
    network.transfer(NodeId(0));
    network.deliver(2);
    // One message is red for both, and is part of neither.
    for number in [0, 1] {
        let cut = network.cut(id(0, number));
        assert!(cut.contains_key(&NodeId(1)));
    }
    while !network.under_way.is_empty() {
        network.deliver_next(Order::Newest);
    }
    for number in [0, 1] {
        network.check(id(0, number), "overtaken");
        assert_eq!(network.channels(id(0, number)), []);
    }
}

#[test]
fn a_lost_message_aborts_the_snapshot() {
    let mut network = Network::new(2, &[(0, 1)], 100, 1);
    network.transfer(NodeId(1));
    network.under_way.clear();
    network.take_snapshot(NodeId(0));
    while !network.under_way.is_empty() {
        network.deliver_next(Order::Oldest);
    }
    assert_eq!(network.count("Complete", id(0, 0)), 0);
    network.input(NodeId(0), Input::Timer(Timer::GiveUp(id(0, 0))));
    let Some(Event::Output(_, output)) = network.seen.last() else {
        panic!("{:?}", network.seen);
    };
    let missing = vec![NodeId(0)];
    let id = id(0, 0);
    assert_eq!(*output, Output::Aborted { id, missing });
}

#[test]
fn forged_colours_cause_no_recording() {
    let (me, liar) = (NodeId(0), NodeId(1));
    let cases = [
        ("of no process", id(7, 0)),
        ("of the process itself", id(0, 0)),
        ("of far too many", id(1, u32::MAX)),
    ];
    for (name, id) in cases {
        let transfer = Transfer {
            from: liar,
            number: 0,
            amount: 1,
        };
        let messages = [
            Message::Announce { id, sent: 0 },
            Message::Finished { id, process: liar },
            Message::Application {
                colours: [(id.by, id.number)].into(),
                message: transfer,
            },
        ];
        for message in messages {
            let mut network = Network::new(2, &[(0, 1)], 100, 1);
            let from = liar;
            network.input(me, Input::Message { from, message });
            assert!(network.seen.is_empty(), "{name}: {:?}", network.seen);
        }
    }
}

#[test]
fn messages_travel_and_describe_themselves() {
    let transfer = Transfer {
        from: NodeId(1),
        number: 2,
        amount: 3,
    };
    let cases = [
        (
            Message::Announce {
                id: id(4, 5),
                sent: 6,
            },
            "ANNOUNCE",
            "snapshot=4/5 sent=6",
        ),
        (
            Message::Finished {
                id: id(4, 5),
                process: NodeId(6),
            },
            "FINISHED",
            "snapshot=4/5 process=peer-06",
        ),
        (
            Message::Application {
                colours: [(NodeId(4), 5), (NodeId(0), 1)].into(),
                message: transfer,
            },
            "TRANSFER",
            "id=1/2 amount=3 recorded=[0/1, 4/5]",
        ),
    ];
    for (message, kind, text) in cases {
        assert_eq!(message.kind(), kind);
        assert_eq!(message.fields().to_string(), text);
        let payload = message.to_payload();
        assert_eq!(Message::from_payload(payload), Some(message));
    }
    for bytes in [&b""[..], b"\xff\xff", b"\x0a\x00", b"\x1a\x00"] {
        let message = Message::<Transfer>::from_payload(Bytes::from_static(bytes));
        assert_eq!(message, None);
    }
}
