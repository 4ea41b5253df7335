//! Whether the rounds of a run were synchronous: for any system in which a process that
//! receives a message after its round outputs `Late`, with the number `round` and the
//! text `from`.

use std::collections::{BTreeMap, BTreeSet};

use trace::history::History;

use super::Property;

/// Marks all properties as not known if a message came after its round, or never. What
/// was checked then follows from a network that the algorithm is not made for. What liars
/// send, and what they are sent, does not count; nor does what comes to a process that
/// has crashed, and what it sent last to another and a crash may have lost.
pub(crate) fn require(history: &History, properties: &mut [Property]) {
    let Some(reason) = late(history).or_else(|| missing(history)) else {
        return;
    };
    for property in properties {
        *property = property.unchecked();
        property.not_known(format!("the rounds were not synchronous: {reason}"));
    }
}

/// The first message that came after its round.
fn late(history: &History) -> Option<String> {
    let liars = history.liars();
    history.outputs().find_map(|(by, _, kind, fields)| {
        let (round, from) = (fields.get_integer("round")?, fields.get_text("from")?);
        let is_right = !liars.contains(&**by) && !liars.contains(from);
        (kind == "Late" && is_right).then(|| {
            format!("a message of {from} came to {by} after its round, {round}; take longer rounds")
        })
    })
}

/// The first message that had not come when the run ended. In a run that was cut short
/// some are under way.
fn missing(history: &History) -> Option<String> {
    if history.unfinished.is_some() {
        return None;
    }
    let received = history.steps().filter_map(|(.., step)| {
        let received = step.received.as_ref()?;
        Some((&*received.from, received.message.id))
    });
    let received: BTreeSet<_> = received.collect();
    let liars = history.liars();
    let crashed: BTreeSet<_> = history
        .crashes
        .iter()
        .map(|crash| &*crash.process)
        .collect();
    // The last message that came, of each process to each other.
    let mut last_to_come = BTreeMap::new();
    for (place, (by, _, to, message)) in history.sends().enumerate() {
        if received.contains(&(&**by, message.id)) {
            last_to_come.insert((by, to), place);
        }
    }
    let mut sends = history.sends().enumerate();
    let (_, (by, _, to, message)) = sends.find(|(place, (by, _, to, message))| {
        let is_right = !liars.contains(&***by) && !liars.contains(&***to);
        // A crash loses the last messages of a channel, and none before one that came.
        let dies = crashed.contains(&***by) && last_to_come.get(&(*by, *to)) < Some(place);
        let counts = is_right && !dies && !crashed.contains(&***to);
        counts && !received.contains(&(&**by, message.id))
    })?;
    let kind = &message.kind;
    Some(format!(
        "{kind} of {by} to {to} had not come by the end; take longer rounds, and lose nothing"
    ))
}

#[cfg(test)]
mod tests {
    use super::super::by_hand::{ByHand, integer, text};
    use super::super::{Outcome, consensus};
    use super::*;

    const A: &str = "peer-00";
    const B: &str = "peer-01";

    /// A decides on 1, and B on 1.
    fn run(liar: Option<&str>) -> ByHand {
        let mut run = ByHand::new([A, B]);
        for process in [A, B] {
            run.step(process);
            let lies = liar.filter(|liar| *liar == process);
            let lies = lies.map(|_| text("liar", "forge"));
            run.state(process, lies.into_iter().chain([integer("input", 1)]));
            run.say(process, "Decided", [integer("value", 1)]);
        }
        run
    }

    /// The outcomes of agreement and integrity.
    fn judged(run: &ByHand) -> [Outcome; 2] {
        let mut properties = consensus::check(&run.history);
        require(&run.history, &mut properties);
        [properties[0].outcome(), properties[2].outcome()]
    }

    #[test]
    fn a_late_message_makes_all_unknown_but_that_of_a_liar() {
        for (liar, expected) in [
            (None, Outcome::Unknown),
            (Some(A), Outcome::Holds),
            (Some(B), Outcome::Holds),
        ] {
            let mut run = run(liar);
            assert_eq!(judged(&run), [Outcome::Holds; 2]);
            run.say(B, "Late", [integer("round", 1), text("from", A)]);
            assert_eq!(judged(&run), [expected; 2], "{liar:?}");
        }
    }

    #[test]
    fn so_does_a_message_that_never_comes_but_to_a_process_that_has_crashed() {
        for liar in [None, Some(A), Some(B)] {
            let mut run = run(liar);
            let id = run.send(A, B, "VALUES", [integer("round", 1)]);
            let expected = match liar {
                None => Outcome::Unknown,
                Some(_) => Outcome::Holds,
            };
            assert_eq!(judged(&run), [expected; 2], "{liar:?}");
            run.history.unfinished = Some("cut short".into());
            assert_eq!(judged(&run), [Outcome::Holds; 2]);
            run.history.unfinished = None;
            let mut crashed = ByHand::default();
            crashed.history = run.history.clone();
            crashed.crash(B);
            assert_eq!(judged(&crashed), [Outcome::Holds; 2]);
            run.receive(B, id);
            assert_eq!(judged(&run), [Outcome::Holds; 2]);
        }
    }

    #[test]
    fn of_a_sender_that_crashes_only_the_last_messages_may_be_missing() {
        let mut run = run(None);
        run.crash(A);
        let first = run.send(A, B, "VALUES", [integer("round", 1)]);
        assert_eq!(
            judged(&run),
            [Outcome::Holds; 2],
            "the crash may have lost it"
        );
        let second = run.send(A, B, "VALUES", [integer("round", 2)]);
        assert_eq!(judged(&run), [Outcome::Holds; 2], "or both");
        run.receive(B, second);
        assert_eq!(
            judged(&run),
            [Outcome::Unknown; 2],
            "it has not lost the first alone"
        );
        run.receive(B, first);
        assert_eq!(judged(&run), [Outcome::Holds; 2]);
    }
}
