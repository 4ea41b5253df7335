mod several;

use algorithms::hub::{Flaw, Flawed, Pace};
use trace::steps::Processes;

use super::*;
use crate::simulator::{Crash, Memory, Scenario, run};
use crate::system::judge;

const SECOND: Duration = Duration::from_secs(1);

fn system<A>(process: impl Fn(NodeId, Hub) -> A + Send + Sync + 'static, seed: u64) -> Hubs<A> {
    Hubs {
        processes: 8,
        hubs: 1,
        terms: Terms {
            bits: 5,
            crowd: 4,
            epoch: Some(SECOND * 4),
            kept: 10,
            life: Some(SECOND * 3),
            nearest: 3,
            burst: 3_000,
            tick: SECOND / 5,
            fill: 100,
            largest: 2_000,
            patience: SECOND / 2,
            errands: 4,
            pace: Some(Pace { burst: 3, fill: 1 }),
        },
        alive: Some(SECOND),
        questions: 12,
        every: SECOND / 2,
        leavers: 2,
        patience: SECOND * 60,
        old: 0,
        attackers: 0,
        seed,
        process: Arc::new(process),
    }
}

/// The hub restarts twice, and a peer once.
fn faults() -> Scenario {
    let crash = |process, at: u32| Crash {
        process,
        at: SECOND / 10 * at,
        restart: Some(SECOND / 10 * (at + 3)),
        state: Memory::Lost,
    };
    Scenario {
        crash: vec![crash(0, 13), crash(0, 41), crash(3, 25)],
        ..Scenario::default()
    }
}

fn judged<A: Algorithm<Command = Command, Output = Output>>(
    system: &Hubs<A>,
    scenario: &Scenario,
    seed: u64,
) -> Judgement {
    let history = run(system, &Processes::new(8), scenario, seed).recorded;
    judge(system, &history)
}

#[test]
fn every_property_holds_and_is_checked() {
    // The others are of several hubs.
    let mut checked = [0; 11];
    for seed in 0..200 {
        let right = judged(&system(|_, hub| hub, seed), &Scenario::default(), seed);
        assert!(right.holds(), "{seed}: {}", right.text());
        for (count, property) in checked.iter_mut().zip(&right.properties) {
            *count += property.checked;
        }
    }
    assert!(checked.iter().all(|count| *count > 0), "{checked:?}");
}

#[test]
fn a_hub_that_restarts_violates_nothing_and_everybody_is_answered() {
    for seed in 0..200 {
        let right = judged(&system(|_, hub| hub, seed), &faults(), seed);
        assert!(right.holds(), "{seed}: {}", right.text());
    }
}

#[test]
fn lost_messages_are_asked_for_again() {
    let scenario = Scenario {
        loss: 0.1,
        ..Scenario::default()
    };
    for seed in 0..100 {
        let right = judged(&system(|_, hub| hub, seed), &scenario, seed);
        assert!(right.holds(), "{seed}: {}", right.text());
    }
}

#[test]
fn each_mistake_violates_its_property() {
    for (flaw, property) in [
        (Flaw::ProofBoundToNothing, "no session without a proof"),
        (Flaw::ReplayAccepted, "a proof serves once"),
        (
            Flaw::RegisterBeforeProof,
            "no registration without a session",
        ),
        (
            Flaw::ExpiryByTheWrongClock,
            "a session ends when nothing is heard of it, and not before",
        ),
        (
            Flaw::NeverExpires,
            "a session ends when nothing is heard of it, and not before",
        ),
        (Flaw::RationResetByReconnecting, "no more than the ration"),
        (Flaw::RationIgnored, "no more than the ration"),
        (Flaw::RationShared, "no refusal without its reason"),
        (Flaw::RationWithheld, "no refusal without its reason"),
        (Flaw::NearestLeftOut, "the nearest are found"),
        (
            Flaw::ForwardToTheUnregistered,
            "nothing for the unregistered",
        ),
        (Flaw::PaceIgnored, "no more requests than the bound"),
    ] {
        let found = found(flaw, &Scenario::default());
        assert!(found.contains(property), "{flaw:?}: {found:?}");
    }
    let found = found(Flaw::QuestionsForgotten, &faults());
    assert_eq!(found, "violated: peers hear what came of it");
}

/// What the first schedule violates that violates anything.
fn found(flaw: Flaw, scenario: &Scenario) -> String {
    let found = (0..50).find_map(|seed| {
        let flawed = system(move |_, hub| Flawed::new(hub, flaw), seed);
        judged(&flawed, scenario, seed).violated()
    });
    found.unwrap_or_default()
}

/// Honest peers are answered, attackers get what they pay for, and no property is violated.
#[test]
fn a_flood_violates_nothing() {
    for seed in 0..5 {
        let honest = system(|_, hub| hub, seed);
        let mut flooded = Hubs {
            processes: 11,
            attackers: 3,
            ..system(|_, hub| Member::Honest(hub), seed)
        };
        flooded.terms.pace = Some(Pace { burst: 20, fill: 1 });
        let span = honest.attacked();
        flooded.process = Arc::new(move |id, hub| match id.0 < 8 {
            true => Member::Honest(hub),
            false => Member::Attacker(Attacker::new(id.to_string(), HUB, span, 2_000)),
        });
        let history = run(&flooded, &Processes::new(11), &Scenario::default(), seed).recorded;
        let right = judge(&flooded, &history);
        assert!(right.holds(), "{seed}: {}", right.text());
        let figure = |name| {
            let figure = right.figures.iter().find(|figure| figure.name == name);
            figure.expect(name).measured
        };
        let [messages, answered] = ["messages", "answered"].map(|name| {
            figure(match name {
                "messages" => "of attackers: messages",
                _ => "of attackers: answered",
            })
        });
        assert!(
            messages > 1_000 && answered * 20 < messages,
            "{}",
            right.text()
        );
    }
}
