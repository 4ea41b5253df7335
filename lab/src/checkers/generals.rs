//! Checks the Byzantine generals: the conditions of interactive consistency, for the loyal
//! ones. Neither one that lies is loyal, nor one that crashes: it may have sent an order to
//! some, and not to others.
//!
//! For any algorithm in which the states of the commander, `peer-00`, have its order, as
//! the Boolean `attack`, and a lieutenant outputs `Obeys`, with the Boolean `attack`.

use std::collections::BTreeSet;
use std::sync::Arc;

use trace::history::History;

use super::Property;

/// The process that gives the order.
const COMMANDER: &str = "peer-00";

/// What a loyal lieutenant obeys: its name, the number of its step, the order.
type Obeyed<'a> = (&'a str, u64, bool);

/// Checks a run.
pub fn check(history: &History) -> Vec<Property> {
    let mut faulty = history.liars();
    faulty.extend(history.crashes.iter().map(|crash| &*crash.process));
    let obeyed = history.outputs().filter_map(|(by, at, kind, fields)| {
        let attack = fields.get_flag("attack")?;
        let counts = kind == "Obeys" && !faulty.contains(&**by);
        counts.then(|| (&**by, history.processes[by][at].number, attack))
    });
    let obeyed: Vec<_> = obeyed.collect();
    vec![
        same_order(history, &obeyed),
        order_of_the_commander(history, &faulty, &obeyed),
        termination(history, &faulty, &obeyed),
    ]
}

/// The paper's IC1: all obey the same order.
fn same_order(history: &History, obeyed: &[Obeyed<'_>]) -> Property {
    let mut property = Property::of("IC1 same order", history).looks_at("output Obeys");
    for one in obeyed {
        let first = obeyed[0];
        property.check(one.2 == first.2, || {
            format!("{}, but {}", show(*one), show(first))
        });
    }
    property
}

/// The paper's IC2: all obey the commander, unless it is faulty.
fn order_of_the_commander(
    history: &History,
    faulty: &BTreeSet<&str>,
    obeyed: &[Obeyed<'_>],
) -> Property {
    let mut property = Property::of("IC2 the commander's order", history).looks_at("output Obeys");
    if faulty.contains(COMMANDER) {
        property.idle("the commander lies, or crashes");
        return property;
    }
    let steps = history.processes.get(COMMANDER);
    let mut orders = steps.into_iter().flatten();
    let Some(order) = orders.find_map(|step| step.state.get_flag("attack")) else {
        property.not_known("no state of the commander has its order");
        return property;
    };
    for one in obeyed {
        property.check(one.2 == order, || {
            format!("{}, but {COMMANDER} ordered to {}", show(*one), name(order))
        });
    }
    property
}

/// Liveness: every lieutenant obeys once.
fn termination(history: &History, faulty: &BTreeSet<&str>, obeyed: &[Obeyed<'_>]) -> Property {
    let mut property = Property::of("termination", history);
    let is_asked = |name: &&Arc<str>| &***name != COMMANDER && !faulty.contains(&***name);
    let asked = history.processes.keys().filter(is_asked);
    for process in asked {
        let count = obeyed.iter().filter(|(by, ..)| **by == **process).count();
        property.check_in_the_end(count == 1, || {
            format!("{process} obeys {count} orders, and not one")
        });
    }
    property
}

fn show((by, step, attack): Obeyed<'_>) -> String {
    format!("{by} (step {step}) obeys the order to {}", name(attack))
}

fn name(attack: bool) -> &'static str {
    if attack { "attack" } else { "retreat" }
}

#[cfg(test)]
mod tests {
    use super::super::by_hand::{ByHand, flag, text, vacuous, violated};
    use super::*;

    const A: &str = COMMANDER;
    const B: &str = "peer-01";
    const C: &str = "peer-02";

    /// The commander orders to attack; the lieutenants obey so.
    fn run(liar: Option<&str>, obeyed: &[(&str, bool)]) -> Vec<Property> {
        let mut run = ByHand::new([A, B, C]);
        for process in [A, B, C] {
            run.step(process);
            let lies = liar.filter(|liar| *liar == process);
            let lies = lies.map(|_| text("liar", "forge")).into_iter();
            let order = (process == A).then(|| flag("attack", true));
            run.state(process, lies.chain(order));
        }
        for &(process, attack) in obeyed {
            run.say(process, "Obeys", [flag("attack", attack)]);
        }
        check(&run.history)
    }

    #[test]
    fn conditions_are_those_of_the_paper() {
        const IC1: &str = "IC1 same order";
        const IC2: &str = "IC2 the commander's order";
        for (liar, obeyed, expected) in [
            (None, &[(B, true), (C, true)][..], &[][..]),
            (None, &[(B, false), (C, false)], &[IC2]),
            (None, &[(B, true), (C, false)], &[IC1, IC2]),
            (None, &[(B, true)], &["termination"]),
            (None, &[(B, true), (C, true), (C, true)], &["termination"]),
            (Some(A), &[(B, false), (C, false)], &[]),
            (Some(A), &[(B, true), (C, false)], &[IC1]),
            (Some(C), &[(B, true), (C, false)], &[]),
            (Some(C), &[(B, false)], &[IC2]),
        ] {
            let found = run(liar, obeyed);
            assert_eq!(violated(&found), expected, "{liar:?}, {obeyed:?}");
        }
        assert_eq!(vacuous(&run(None, &[])), [IC1, IC2]);
    }

    #[test]
    fn a_general_that_crashes_is_not_loyal() {
        for (crashes, obeyed, expected) in [
            (A, [(B, false), (C, false)], &[][..]),
            (A, [(B, true), (C, false)], &["IC1 same order"]),
            (C, [(B, true), (C, false)], &[]),
            (C, [(B, false), (C, true)], &["IC2 the commander's order"]),
        ] {
            let mut run = ByHand::new([A, B, C]);
            for process in [A, B, C] {
                run.step(process);
                let order = (process == A).then(|| flag("attack", true));
                run.state(process, order);
            }
            for (process, attack) in obeyed {
                run.say(process, "Obeys", [flag("attack", attack)]);
            }
            run.crash(crashes);
            assert_eq!(
                violated(&check(&run.history)),
                expected,
                "{crashes}, {obeyed:?}"
            );
        }
    }
}
