use std::time::Duration;

use proto::Bytes;

use super::*;
use crate::testing::Network;
use crate::{Effect, Input, Message as _, step};

const MS: Duration = Duration::from_millis(1);

fn times() -> Times {
    Times {
        election: (MS * 150, MS * 300),
        heartbeat: MS * 50,
        last_term: u64::MAX,
    }
}

/// Process 0 of three.
fn process() -> Raft {
    Raft::new(NodeId(0), (0..3).map(NodeId), times())
}

fn receive(process: &mut Raft, from: u32, message: Message) -> Vec<Effect<Raft>> {
    let from = NodeId(from);
    step(process, Input::Message { from, message }, 0)
}

fn sent(effects: &[Effect<Raft>]) -> Vec<(u32, &Message)> {
    let sends = effects.iter().filter_map(|effect| match effect {
        Effect::Send { to, message, .. } => Some((to.0, message)),
        Effect::SetTimer { .. }
        | Effect::CancelTimer { .. }
        | Effect::Output(_)
        | Effect::Persist => None,
    });
    sends.collect()
}

fn request(term: u64, last_term: u64, last_index: u64) -> Message {
    Message::RequestVote {
        term,
        last_index,
        last_term,
    }
}

fn entry(term: u64, command: u64) -> Entry {
    Entry {
        term,
        command: Some(command),
    }
}

/// A leader's entries after the entry of `term` at `index`.
fn append(term: u64, before: (u64, u64), entries: Vec<Entry>, committed: u64) -> Message {
    Message::AppendEntries {
        term,
        previous_index: before.1,
        previous_term: before.0,
        entries,
        committed,
    }
}

/// The leader of term 1, with the vote of process 1.
fn leader() -> Raft {
    let mut leader = process();
    step(&mut leader, Input::Timer(Timer::Election), 0);
    let (term, granted) = (1, true);
    let effects = receive(&mut leader, 1, Message::Vote { term, granted });
    assert!(effects.contains(&Effect::Output(Output::Leads { term })));
    leader
}

#[test]
fn a_process_votes_once_a_term_and_persists_its_vote() {
    let mut voter = process();
    let effects = receive(&mut voter, 1, request(1, 0, 0));
    let (term, granted) = (1, true);
    assert_eq!(sent(&effects), [(1, &Message::Vote { term, granted })]);
    let persisted = effects.iter().rposition(|one| *one == Effect::Persist);
    let replied = effects
        .iter()
        .position(|one| matches!(one, Effect::Send { .. }));
    assert!(persisted < replied, "{effects:?}");

    let (again, other) = (request(1, 0, 0), request(1, 0, 0));
    assert_eq!(
        sent(&receive(&mut voter, 1, again))[0].1,
        &Message::Vote { term, granted }
    );
    let granted = false;
    assert_eq!(
        sent(&receive(&mut voter, 2, other))[0].1,
        &Message::Vote { term, granted }
    );
}

#[test]
fn a_process_votes_for_no_log_that_is_behind_its_own() {
    for (last, granted) in [
        ((0, 0), false),
        ((1, 1), false),
        ((1, 2), true),
        ((2, 1), true),
    ] {
        let mut voter = process();
        receive(
            &mut voter,
            1,
            append(1, (0, 0), vec![entry(1, 7), entry(1, 8)], 0),
        );
        let effects = receive(&mut voter, 2, request(3, last.0, last.1));
        assert_eq!(
            sent(&effects),
            [(2, &Message::Vote { term: 3, granted })],
            "{last:?}"
        );
    }
}

#[test]
fn an_entry_that_contradicts_the_leaders_is_removed_with_all_that_follow() {
    let mut follower = process();
    let old = vec![entry(1, 7), entry(1, 8), entry(1, 9)];
    receive(&mut follower, 1, append(1, (0, 0), old, 0));
    let missing = receive(&mut follower, 2, append(2, (2, 3), vec![], 0));
    let (term, matching) = (2, None);
    assert_eq!(sent(&missing), [(2, &Message::Appended { term, matching })]);
    let effects = receive(&mut follower, 2, append(2, (1, 1), vec![entry(2, 5)], 2));
    let matching = Some(2);
    assert_eq!(sent(&effects), [(2, &Message::Appended { term, matching })]);
    assert_eq!(follower.log, [entry(1, 7), entry(2, 5)]);
    let applied: Vec<_> = effects
        .iter()
        .filter(|one| matches!(one, Effect::Output(_)))
        .collect();
    assert_eq!(applied.len(), 2, "{applied:?}");
    // An earlier message that comes late removes nothing.
    receive(&mut follower, 2, append(2, (0, 0), vec![entry(1, 7)], 0));
    assert_eq!(follower.log.len(), 2);
}

#[test]
fn an_entry_of_an_earlier_term_is_committed_with_one_of_the_leaders_own() {
    let mut process = process();
    receive(&mut process, 1, append(1, (0, 0), vec![entry(1, 7)], 0));
    step(&mut process, Input::Timer(Timer::Election), 0);
    let (term, granted) = (2, true);
    receive(&mut process, 1, Message::Vote { term, granted });
    let (first, second) = (Some(1), Some(2));
    receive(
        &mut process,
        1,
        Message::Appended {
            term,
            matching: first,
        },
    );
    assert_eq!((process.committed, process.applied), (0, 0));
    receive(
        &mut process,
        1,
        Message::Appended {
            term,
            matching: second,
        },
    );
    assert_eq!((process.committed, process.applied), (2, 2));
}

#[test]
fn a_leader_takes_a_command_once_and_tries_earlier_entries() {
    let mut leader = leader();
    let command = 7;
    let effects = receive(&mut leader, 2, Message::Propose { command });
    assert_eq!(sent(&effects).len(), 2, "one to each");
    assert_eq!(receive(&mut leader, 2, Message::Propose { command }), []);
    let (term, matching) = (1, None);
    let effects = receive(&mut leader, 2, Message::Appended { term, matching });
    let all = vec![
        Entry {
            term,
            command: None,
        },
        entry(1, 7),
    ];
    assert_eq!(sent(&effects), [(2, &append(1, (0, 0), all, 0))]);
}

#[test]
fn a_process_of_an_earlier_term_follows() {
    let mut old = leader();
    let effects = receive(&mut old, 1, request(2, 0, 0));
    assert!(matches!(old.role, Role::Follower { leader: None }));
    let (term, granted) = (2, false);
    let vote = Message::Vote { term, granted };
    assert_eq!(sent(&effects), [(1, &vote)], "its log is ahead");
}

/// No input, however forged, makes a process fail, and it never takes back what it has
/// carried out.
#[test]
fn forged_messages_are_survived() {
    let forged = [
        append(u64::MAX, (0, 0), vec![entry(u64::MAX, 1)], u64::MAX),
        append(u64::MAX, (u64::MAX, u64::MAX), vec![], u64::MAX),
        request(u64::MAX, u64::MAX, u64::MAX),
        Message::Appended {
            term: u64::MAX,
            matching: Some(u64::MAX),
        },
        Message::Appended {
            term: 1,
            matching: Some(u64::MAX),
        },
        Message::Appended {
            term: 1,
            matching: None,
        },
        Message::Vote {
            term: u64::MAX,
            granted: true,
        },
        Message::Propose { command: u64::MAX },
    ];
    for first in &forged {
        for second in &forged {
            for from in [1, 9] {
                let mut process = leader();
                receive(&mut process, from, first.clone());
                receive(&mut process, from, second.clone());
                step(&mut process, Input::Timer(Timer::Heartbeat), 0);
                step(&mut process, Input::Command(Command::Propose(3)), 0);
            }
        }
    }
}

#[test]
fn processes_carry_out_the_same_commands_in_any_order_of_events() {
    let mut carried_out = 0;
    for seed in 0..200 {
        let new = |me| Raft::new(me, (0..3).map(NodeId), times());
        let mut network = Network::new(3, new, seed);
        for process in 0..3 {
            let command = Command::Propose(process.into());
            network.now(NodeId(process), Input::Start);
            network.later(NodeId(process), Input::Command(command));
        }
        (0..3000).for_each(|_| assert!(network.step(), "a timer is always set"));
        let mut log = BTreeMap::new();
        for (by, output) in &network.outputs {
            if let Output::Applied { index, command, .. } = output {
                let first = log.entry(index).or_insert(command);
                assert_eq!(first, &command, "seed {seed}: {by} at {index}");
                carried_out += 1;
            }
        }
    }
    assert!(carried_out > 200, "{carried_out}");
}

#[test]
fn malformed_payload_is_rejected() {
    let whole = append(
        3,
        (2, 1),
        vec![
            entry(3, 7),
            Entry {
                term: 3,
                command: None,
            },
        ],
        1,
    );
    assert_eq!(Message::from_payload(whole.to_payload()), Some(whole));
    for bytes in [&b""[..], b"\xff", b"\x0a\x7f", b"GET /"] {
        assert_eq!(Message::from_payload(Bytes::copy_from_slice(bytes)), None);
    }
}
