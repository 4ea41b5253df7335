//! A recorded run in words: a line for each step, cause before effect.

use std::ops::ControlFlow;
use std::sync::Arc;

use trace::history::{CrashRecord, History, LossRecord, PartitionRecord};
use trace::steps::{Event, StepRecord};

use crate::system::Judgement;

/// The greatest number of steps of a run that has a narrative, and of losses in it. A guess: a longer text is
/// not read to its end.
const MOST: usize = 60;

/// The steps, crashes, partitions and losses of a run in lines, numbered from 1. A line begins with `!` if a
/// violation names its step. Empty if there are too many steps.
///
/// `  3  peer-01 (step 2) receives VOTE from peer-00: term=2; outputs Leads term=2`
pub fn narrative(history: &History, judgement: &Judgement) -> Vec<String> {
    match history.steps().count() > MOST {
        true => Vec::new(),
        false => lines(history, judgement),
    }
}

/// The first `most` lines of a run, however many steps it has; the last line then counts
/// those that are left out.
pub fn beginning(history: &History, judgement: &Judgement, most: usize) -> Vec<String> {
    let mut lines = lines(history, judgement);
    let left_out = lines.len().saturating_sub(most);
    if left_out > 0 {
        lines.truncate(most);
        lines.push(format!("      and {left_out} more steps"));
    }
    lines
}

fn lines(history: &History, judgement: &Judgement) -> Vec<String> {
    let violations = judgement.properties.iter();
    let violations: Vec<_> = violations.flat_map(|one| &one.violations).collect();
    let mut lines = Vec::new();
    let mut events = lifecycle(history).into_iter().peekable();
    history.for_each_moment(|_, process, step| {
        while let Some((_, text)) = events.next_if(|(at, _)| *at <= step.at_unix_nano) {
            lines.push((false, text));
        }
        let name = name(process, step);
        let is_named = violations.iter().any(|violation| violation.contains(&name));
        lines.push((is_named, in_words(process, step)));
        ControlFlow::Continue(())
    });
    lines.extend(events.map(|(_, text)| (false, text)));
    let numbered = (1..).zip(lines);
    let lines = numbered.map(|(number, (is_named, text))| {
        let mark = if is_named { '!' } else { ' ' };
        format!("{mark}{number:>3}  {text}")
    });
    lines.collect()
}

/// The lines of a narrative as text, with a heading.
pub(crate) fn in_steps(narrative: &[String]) -> String {
    match narrative {
        [] => String::new(),
        lines => format!(
            "the run, step by step; ! marks a step that a violation names:\n{}\n",
            lines.join("\n")
        ),
    }
}

/// The crashes, restarts, partitions, heals and losses, in the order of their times.
fn lifecycle(history: &History) -> Vec<(u64, String)> {
    let events = history.crashes.iter().flat_map(|crash| {
        let CrashRecord {
            process,
            at,
            restarted,
        } = crash;
        let restart = restarted.map(|at| (at, format!("{process} restarts")));
        [Some((*at, format!("{process} crashes"))), restart]
    });
    let partitions = history.partitions.iter().flat_map(|partition| {
        let PartitionRecord {
            group,
            others,
            at,
            healed,
        } = partition;
        let sides = format!("{} and {}", in_short(group), in_short(others));
        let heal = healed.map(|at| (at, format!("the partition between {sides} heals")));
        [
            Some((*at, format!("a partition between {sides} begins"))),
            heal,
        ]
    });
    let losses = history.losses.iter().map(|loss| {
        let LossRecord {
            from,
            to,
            kind,
            at,
            reason,
        } = loss;
        let text = format!("{kind} from {from} to {to} does not arrive: {reason}");
        Some((*at, text))
    });
    let mut events: Vec<_> = events.chain(partitions).flatten().collect();
    let left_out = history.losses.len().saturating_sub(MOST);
    events.extend(losses.flatten().take(MOST));
    if left_out > 0 {
        events.push((u64::MAX, format!("{left_out} more messages do not arrive")));
    }
    events.sort();
    events
}

/// How many processes of a side are named. A guess.
const NAMED: usize = 4;

/// `peer-00, peer-01`; of many, the first few.
fn in_short(names: &[Arc<str>]) -> String {
    let (named, rest) = names.split_at(names.len().min(NAMED));
    match rest.len() {
        0 => named.join(", "),
        rest => format!("{}, {rest} more", named.join(", ")),
    }
}

/// `peer-01 (step 2)`
fn name(process: &str, step: &StepRecord) -> String {
    format!("{process} (step {})", step.number)
}

/// A step, and what it handled: `peer-01 (step 2) receives VOTE from peer-00: term=2`
pub(crate) fn handled(process: &str, step: &StepRecord) -> String {
    let input = match (&step.received, &step.timer) {
        _ if step.restarts => "starts again".to_owned(),
        (Some(received), _) => {
            let message = &received.message;
            let receives = format!("receives {} from {}", message.kind, received.from);
            with_fields(&receives, ": ", &message.fields.to_string())
        }
        (None, Some(timer)) => format!("handles its timer {timer}"),
        (None, None) => match &step.request {
            Some(request) => {
                let takes = format!("takes the request {}", request.operation);
                with_fields(&takes, ": ", &request.fields.to_string())
            }
            None if step.number == 1 => "starts".to_owned(),
            None => "takes a command".to_owned(),
        },
    };
    format!("{} {input}", name(process, step))
}

/// A step, what it handled, and what it did.
fn in_words(process: &str, step: &StepRecord) -> String {
    let choices = step.choices.iter().map(|choice| format!("draws {choice}"));
    let events = step.events.iter().map(|event| match event {
        Event::Sent { to, message } => {
            let sent = format!("sends {} to {to}", message.kind);
            with_fields(&sent, ": ", &message.fields.to_string())
        }
        Event::Output { kind, fields } => {
            with_fields(&format!("outputs {kind}"), " ", &fields.to_string())
        }
    });
    let parts: Vec<_> = std::iter::once(handled(process, step))
        .chain(choices)
        .chain(events)
        .collect();
    parts.join("; ")
}

fn with_fields(text: &str, between: &str, fields: &str) -> String {
    match fields {
        "" => text.to_owned(),
        fields => format!("{text}{between}{fields}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trace::steps::RequestRecord;

    use crate::checkers::Property;
    use crate::checkers::by_hand::{ByHand, integer};

    #[test]
    fn narrative_is_in_causal_order_and_marks_violations() {
        let mut run = ByHand::new(["peer-00", "peer-01"]);
        run.step("peer-01");
        run.step("peer-00");
        let vote = run.send("peer-00", "peer-01", "VOTE", [integer("term", 2)]);
        run.receive("peer-01", vote);
        run.say("peer-01", "Leads", [integer("term", 2)]);
        let mut property = Property::new("one leader");
        property.check(false, || "peer-01 (step 2) leads".to_owned());
        let judgement = Judgement {
            properties: vec![property],
            ..Judgement::default()
        };
        let lines = narrative(&run.history, &judgement);
        assert_eq!(
            lines,
            [
                "   1  peer-00 (step 1) starts; sends VOTE to peer-01: term=2",
                "   2  peer-01 (step 1) starts",
                "!  3  peer-01 (step 2) receives VOTE from peer-00: term=2; outputs Leads term=2",
            ]
        );
        let first = beginning(&run.history, &judgement, 1);
        assert_eq!(first[0], lines[0]);
        assert_eq!(first[1..], ["      and 2 more steps"]);
        run.crash("peer-00");
        let lines = narrative(&run.history, &judgement);
        assert_eq!(lines[0], "   1  peer-00 crashes");
        run.step("peer-00").restarts = true;
        run.step("peer-00").request = Some(RequestRecord {
            operation: "write".into(),
            fields: [integer("value", 1)].into_iter().collect(),
        });
        let lines = narrative(&run.history, &judgement);
        let ends = [
            "peer-00 (step 2) starts again",
            "peer-00 (step 3) takes the request write: value=1",
        ];
        for end in ends {
            assert!(lines.iter().any(|line| line.ends_with(end)), "{lines:?}");
        }
        run.history.partitions.push(PartitionRecord {
            group: vec!["peer-00".into()],
            others: (1..7).map(|id| format!("peer-{id:02}").into()).collect(),
            at: 0,
            healed: Some(1),
        });
        let lines = narrative(&run.history, &judgement);
        let sides = "peer-00 and peer-01, peer-02, peer-03, peer-04, 2 more";
        assert_eq!(
            lines[0],
            format!("   1  a partition between {sides} begins")
        );
        let last = lines.last().expect("a line");
        assert!(last.ends_with(&format!("the partition between {sides} heals")));
    }
}
