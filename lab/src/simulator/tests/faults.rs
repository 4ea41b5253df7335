//! Each fault of a scenario, in a simulated run.

use std::collections::BTreeMap;

use super::*;
use crate::planned::Strike;
use crate::simulator::{EPOCH, Ran};

const MS: u64 = 1_000_000;

fn scenario(text: &str) -> Scenario {
    let scenario = Scenario::parse(&format!("delay = \"1ms\"\n{text}")).expect(text);
    assert_eq!(scenario.check(4), Ok(()), "{text}");
    scenario
}

fn ran(text: &str) -> Ran<History> {
    let (system, scenario) = (bank(4), scenario(text));
    let ran = run(&system, &mesh(4), &scenario, 1);
    let judgement = crate::system::judge(&system, &ran.recorded);
    assert_eq!(judgement.violated(), None, "{text}: {}", judgement.text());
    ran
}

/// A message that has arrived.
struct Arrived {
    from: String,
    to: String,
    /// In milliseconds after the start.
    at: u64,
    /// How long it travelled, in milliseconds.
    travelled: u64,
}

fn arrived(history: &History) -> Vec<Arrived> {
    let mut sent = BTreeMap::new();
    for (_, _, step) in history.steps() {
        for event in &step.events {
            if let Event::Sent { message, .. } = event {
                sent.insert(message.id, step.at_unix_nano);
            }
        }
    }
    let received = history.steps().filter_map(|(to, _, step)| {
        let received = step.received.as_ref()?;
        Some(Arrived {
            from: received.from.to_string(),
            to: to.to_string(),
            at: (step.at_unix_nano - EPOCH) / MS,
            travelled: (step.at_unix_nano - sent[&received.message.id]) / MS,
        })
    });
    received.collect()
}

fn between<'a>(all: &'a [Arrived], from: &str, to: &str) -> Vec<&'a Arrived> {
    all.iter()
        .filter(|one| one.from == from && one.to == to)
        .collect()
}

/// Names of the faults in the trace, in the order of time.
fn marks(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    traced_in(&scenario(text), 1).for_each(|service, span| {
        if service == trace::LABORATORY {
            names.push((span.start_time_unix_nano, span.name.clone()));
        }
    });
    names.sort();
    names.into_iter().map(|(_, name)| name).collect()
}

const CUT: &str = "[[partition]]\nat = \"20ms\"\nheal = \"60ms\"\ngroup = [0]\nothers = [1]\n\
                   messages = \"held\"\n";

#[test]
fn a_held_link_delivers_everything_when_it_heals() {
    let ran = ran(CUT);
    let all = arrived(&ran.recorded);
    for (from, to) in [("peer-00", "peer-01"), ("peer-01", "peer-00")] {
        let arrivals = between(&all, from, to);
        assert!(arrivals.iter().all(|one| !(20..60).contains(&one.at)));
        assert!(
            arrivals
                .iter()
                .any(|one| one.at == 60 && one.travelled > 20)
        );
    }
    let others = between(&all, "peer-00", "peer-02");
    assert!(others.iter().all(|one| one.travelled == 1));
    assert!(ran.recorded.losses.is_empty());
    let strikes = ran.strikes.of(&scenario(CUT), ran.took);
    assert!(matches!(strikes[..], [Strike::Met(1..), Strike::Happened]));
    assert_eq!(marks(CUT), ["partition", "heal"]);
}

#[test]
fn a_cut_in_one_direction_leaves_the_other() {
    for (direction, cut, open) in [
        ("from", ["peer-00", "peer-01"], ["peer-01", "peer-00"]),
        ("to", ["peer-01", "peer-00"], ["peer-00", "peer-01"]),
    ] {
        let ran = ran(&format!("{CUT}one_way = \"{direction}\"\n"));
        let all = arrived(&ran.recorded);
        let during = |[from, to]: [&str; 2]| {
            let arrivals = between(&all, from, to);
            arrivals.iter().any(|one| (20..60).contains(&one.at))
        };
        assert!(!during(cut), "{direction}");
        assert!(during(open), "{direction}");
    }
}

#[test]
fn a_paused_process_takes_no_step_and_loses_nothing() {
    let text = "[[pause]]\nprocess = 2\nat = \"20ms\"\nresume = \"60ms\"\n";
    let ran = ran(text);
    let steps = ran.recorded.steps();
    let mine = steps.filter(|(name, ..)| &***name == "peer-02");
    let times: Vec<_> = mine
        .map(|(.., step)| (step.at_unix_nano - EPOCH) / MS)
        .collect();
    assert!(times.iter().all(|at| !(20..60).contains(at)), "{times:?}");
    assert!(times.iter().filter(|at| **at == 60).count() > 3);
    assert!(ran.recorded.losses.is_empty());
    let strikes = ran.strikes.of(&scenario(text), ran.took);
    assert!(matches!(strikes[..], [Strike::Met(1..), Strike::Happened]));
    assert_eq!(marks(text), ["pause", "resume"]);
}

#[test]
fn what_reaches_a_slow_process_arrives_later() {
    let text = "[[slow]]\nprocess = 2\nat = \"20ms\"\nuntil = \"60ms\"\nby = \"7ms\"\n";
    let all = arrived(&ran(text).recorded);
    let (mut slow, mut usual) = (0, 0);
    for one in &all {
        // The network delivers after one millisecond.
        let delivered = one.at - one.travelled + 1;
        match (&*one.to, (20..60).contains(&delivered)) {
            ("peer-02", true) => {
                assert_eq!(one.travelled, 8, "at {}", one.at);
                slow += 1;
            }
            // A message may wait for one before it that came while its receiver was slow.
            ("peer-02", false) if (60..67).contains(&delivered) => {}
            _ => {
                assert_eq!(one.travelled, 1, "at {}", one.at);
                usual += 1;
            }
        }
    }
    assert!(slow > 3 && usual > 3);
    assert_eq!(marks(text), ["slow", "usual"]);
}

#[test]
fn links_change_at_their_time() {
    let text = "[[links]]\nat = \"40ms\"\nnetwork = \"wan\"\n";
    let all = arrived(&ran(text).recorded);
    let sent = |one: &&Arrived| one.at - one.travelled >= 40;
    let (later, earlier): (Vec<_>, Vec<_>) = all.iter().partition(sent);
    assert!(earlier.iter().all(|one| one.travelled == 1));
    assert!(later.iter().all(|one| one.travelled >= 20) && !later.is_empty());
    assert_eq!(marks(text), ["links"]);
}

#[test]
fn churn_lets_processes_leave_and_come_back() {
    let text = "[churn]\nsession = \"exponential:50ms\"\ndowntime = \"10ms\"\nuntil = \"200ms\"\n\
                keep = [0]\nstate = \"kept\"\n";
    let (system, scenario) = (bank(4), scenario(text));
    let ran = run(&system, &mesh(4), &scenario, 1);
    let crashes = &ran.recorded.crashes;
    assert!(crashes.len() > 3);
    assert!(crashes.iter().all(|crash| &*crash.process != "peer-00"));
    let again = run(&system, &mesh(4), &scenario, 1);
    assert_eq!(again.recorded.crashes, *crashes);
    assert_eq!(ran.drawn.churn, ran.drawn.crash.len());
}
