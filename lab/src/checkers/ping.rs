//! Checks pings: each ends once, and each answer follows a PONG of the process
//! asked.

use std::collections::BTreeMap;

use trace::history::History;

use super::Property;

/// Checks all pings of a run. Pings of a process that crashed need not end.
pub fn check(history: &History) -> Vec<Property> {
    let mut once =
        Property::of("every ping ends once", history).looks_at("message PING with an `id`");
    let mut answered = Property::new("an answer follows a PONG of the one who was asked")
        .looks_at("output Answered with an `id`");
    for (who, steps) in &history.processes {
        let mut asked = BTreeMap::<i64, String>::new();
        let mut ended = BTreeMap::<i64, u64>::new();
        for step in steps {
            for event in &step.events {
                match event {
                    trace::steps::Event::Sent { to, message } if message.kind == "PING" => {
                        if let Some(id) = message.fields.get_integer("id") {
                            asked.insert(id, to.to_string());
                        }
                    }
                    trace::steps::Event::Output { kind, fields } if kind != "Unexpected" => {
                        let Some(id) = fields.get_integer("id") else {
                            continue;
                        };
                        *ended.entry(id).or_default() += 1;
                        let from = step.received.as_ref().map(|received| {
                            (received.from.to_string(), received.message.kind.as_ref())
                        });
                        let pong = asked.get(&id).map(|to| (to.clone(), "PONG"));
                        if kind == "Answered" {
                            answered.check(from.is_some() && from == pong, || {
                                format!(
                                    "{who} says that ping {id} was answered, and handled {from:?}"
                                )
                            });
                        }
                    }
                    trace::steps::Event::Sent { .. } | trace::steps::Event::Output { .. } => {}
                }
            }
        }
        let crashed = history.crashes.iter().any(|crash| crash.process == *who);
        for id in asked.keys() {
            let times = ended.get(id).copied().unwrap_or(0);
            let wrong = || format!("ping {id} of {who} ended {times} times");
            match times {
                0 => once.check_in_the_end(crashed, wrong),
                _ => once.check(times == 1, wrong),
            }
        }
    }
    vec![once, answered]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkers::by_hand::{ByHand, integer, text, violated};

    /// Peer 0 pings peer 1, which answers it.
    fn run(by: &str, answers: u64) -> ByHand {
        let mut run = ByHand::new(["peer-00", "peer-01", "peer-02"]);
        run.step("peer-00");
        let ping = run.send("peer-00", "peer-01", "PING", [integer("id", 0)]);
        run.receive("peer-01", ping);
        for _ in 0..answers {
            let pong = run.send(by, "peer-00", "PONG", [integer("id", 0)]);
            run.receive("peer-00", pong);
            let by = text("by", "peer-01");
            run.say("peer-00", "Answered", [integer("id", 0), by]);
        }
        run
    }

    #[test]
    fn only_one_answer_of_the_process_asked_counts() {
        assert_eq!(violated(&check(&run("peer-01", 1).history)), [""; 0]);
        let [once, answered] = [
            "every ping ends once",
            "an answer follows a PONG of the one who was asked",
        ];
        assert_eq!(violated(&check(&run("peer-01", 0).history)), [once]);
        assert_eq!(violated(&check(&run("peer-01", 2).history)), [once]);
        for (crashed, names) in [("peer-00", &[][..]), ("peer-01", &[once])] {
            let mut run = run("peer-01", 0);
            run.crash(crashed);
            assert_eq!(violated(&check(&run.history)), names, "{crashed}");
        }
        let mut stranger = run("peer-01", 0);
        stranger.step("peer-02");
        let pong = stranger.send("peer-02", "peer-00", "PONG", [integer("id", 0)]);
        stranger.receive("peer-00", pong);
        stranger.say("peer-00", "Answered", [integer("id", 0)]);
        assert_eq!(violated(&check(&stranger.history)), [answered]);
    }
}
