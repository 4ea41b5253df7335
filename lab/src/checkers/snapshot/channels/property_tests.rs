//! Channels that lose, repeat, reorder and misdeliver messages at random, divided by
//! random cuts: the search near the cut finds the same messages as a search of all.

use std::sync::Arc;

use algorithms::Fields;
use indexmap::IndexMap;
use property::check;
use property::proptest::collection::vec;
use property::proptest::prelude::{Strategy, any};
use property::proptest::sample::Index;
use property::proptest::{option, prop_assert, prop_assert_eq};
use trace::steps::MessageRecord;

use super::super::cut::Recorded;
use super::*;

const PROCESSES: usize = 3;

/// What happens next, in a run of three processes.
#[derive(Clone, Debug)]
enum Happens {
    Send {
        from: usize,
        to: usize,
    },
    /// A message that was sent before is received, mostly by its addressee.
    Receive {
        which: Index,
        elsewhere: Option<usize>,
    },
}

fn happens() -> impl Strategy<Value = Happens> {
    let process = 0..PROCESSES;
    let elsewhere = option::weighted(0.1, process.clone());
    let parts = (
        any::<bool>(),
        process.clone(),
        process,
        any::<Index>(),
        elsewhere,
    );
    parts.prop_map(|(sends, from, to, which, elsewhere)| match sends {
        true => Happens::Send { from, to },
        false => Happens::Receive { which, elsewhere },
    })
}

fn run<'a>(message: &'a MessageRecord, names: &'a [Arc<str>], all: &[Happens]) -> Run<'a> {
    let mut run = Run {
        names: names.iter().collect(),
        lines: vec![Vec::new(); PROCESSES],
        sent: HashMap::new(),
        cuts: IndexMap::new(),
        markers: Vec::new(),
    };
    let mut under_way = Vec::new();
    for (id, happens) in (0..).zip(all) {
        match happens {
            Happens::Send { from, to } => {
                let at = run.lines[*from].len();
                let to = *to;
                run.sent.insert((*from, id), Sent { to, at, message });
                run.lines[*from].push(Act::Send(id));
                under_way.push((*from, id, to));
            }
            Happens::Receive { .. } if under_way.is_empty() => {}
            Happens::Receive { which, elsewhere } => {
                let (from, id, to) = *which.get(&under_way);
                run.lines[elsewhere.unwrap_or(to)].push(Act::Receive(from, id));
            }
        }
    }
    run
}

/// A cut in which some processes may not have recorded.
fn cut(run: &Run<'_>, places: &[Option<Index>]) -> Cut<'static> {
    let mut cut = Cut::default();
    for (process, place) in places.iter().enumerate() {
        let Some(place) = place else { continue };
        let recorded = Recorded {
            at: place.index(run.lines[process].len() + 1),
            step: 1,
            state: Fields::default(),
            before: None,
        };
        cut.records.insert(process, recorded);
    }
    cut
}

#[test]
fn cut_divides_only_messages_near_it() {
    let places = vec(option::weighted(0.9, any::<Index>()), PROCESSES);
    let inputs = (vec(happens(), 0..60), places);
    let names: Vec<Arc<str>> = (0..PROCESSES).map(|n| n.to_string().into()).collect();
    let message = MessageRecord {
        id: 0,
        kind: "TRANSFER".into(),
        fields: Fields::default(),
    };
    check(2_048, inputs, |(all, places)| {
        let run = run(&message, &names, &all);
        let cut = cut(&run, &places);
        let channels = Channels::read(&run);
        let mut seen = 0;
        for (&(from, to), channel) in &channels.all {
            seen += channel.messages.len();
            let numbers = 0..channel.messages.len();
            let before = |number: usize| {
                let Passage { sent, received } = &channel.messages[number];
                let received = received.iter().filter(|at| cut.is_before(to, **at));
                (cut.is_before(from, sent.at), received.count())
            };
            let expected = |wanted: fn((bool, usize)) -> bool| -> Vec<usize> {
                let all = numbers.clone();
                all.filter(|number| wanted(before(*number))).collect()
            };
            let in_transit = expected(|(sent, received)| sent && received == 0);
            prop_assert_eq!(channel.in_transit((from, to), &cut), in_transit);
            let orphans = expected(|(sent, received)| !sent && received > 0);
            prop_assert_eq!(channel.orphans((from, to), &cut), orphans);
            let divided = channel.divided((from, to), &cut, std::iter::empty());
            for number in numbers.filter(|number| !divided.contains(number)) {
                let (sent, received) = before(number);
                prop_assert_eq!(received, usize::from(sent));
            }
        }
        prop_assert_eq!(seen, run.sent.len());
        let acts = run.lines.iter().flatten();
        let receipts = acts.filter(|act| matches!(act, Act::Receive(..))).count();
        prop_assert_eq!(channels.receipts(), receipts);
        prop_assert!(
            channels
                .misdelivered
                .iter()
                .all(|one| one.to != one.sent.to)
        );
        Ok(())
    });
}
