//! A violation that is over by the end of the run is found in every engine.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::time::Duration;

use algorithms::{Algorithm, NodeId, Out};
use trace::history::{History, Moment};
use trace::steps::Processes;

use crate::checkers::Property;
use crate::model::{self, Network, Plan};
use crate::simulator::{Scenario, run};
use crate::system::{Judgement, ScheduledCommand, System, judge};

/// Two processes that share a lamp. Each turns it on, and asks the other before it
/// turns it off.
struct Lamps {
    /// Whether process 1 is commanded at all.
    both: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, algorithms::Describe)]
struct Lamp {
    on: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, algorithms::Message, algorithms::Describe)]
enum Question {
    #[message(tag = 1)]
    MayI,
    #[message(tag = 2)]
    Yes,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, algorithms::Output, algorithms::Describe)]
struct Off {}

impl Algorithm for Lamp {
    type Message = Question;
    type Timer = ();
    type Command = NodeId;
    type Output = Off;

    fn on_command(&mut self, other: NodeId, out: &mut Out<Self>) {
        self.on = true;
        out.send(other, Question::MayI);
    }

    fn on_message(&mut self, from: NodeId, question: Question, out: &mut Out<Self>) {
        match question {
            Question::MayI => out.send(from, Question::Yes),
            Question::Yes => {
                self.on = false;
                out.output(Off {});
            }
        }
    }

    fn on_timer(&mut self, (): (), _: &mut Out<Self>) {}
}

impl System for Lamps {
    type Algorithm = Lamp;

    fn processes(&self) -> u32 {
        2
    }

    fn process(&self, _: NodeId) -> Lamp {
        Lamp { on: false }
    }

    fn commands(&self) -> Vec<ScheduledCommand<NodeId>> {
        let all = (0..1 + u32::from(self.both)).map(|node| ScheduledCommand {
            at: Duration::ZERO,
            node: NodeId(node),
            command: NodeId(1 - node),
            operation: "light",
        });
        all.collect()
    }

    fn ends(&self, _: NodeId, _: &Off) -> bool {
        true
    }

    fn endings(&self) -> u64 {
        1 + u64::from(self.both)
    }

    fn safe(&self, now: &Moment<'_>) -> Vec<Property> {
        let on = now
            .states()
            .filter(|(_, state)| state.get_flag("on") == Some(true));
        let on = on.count();
        let mut property = Property::new("at most one lamp is on");
        property.check(on <= 1, || format!("{on} lamps are on"));
        vec![property]
    }

    /// At the end of a run no lamp is on, whatever was before.
    fn judge(&self, history: &History) -> Judgement {
        let mut property = Property::of("each lamp is off in the end", history);
        for (process, steps) in &history.processes {
            let on = steps.last().and_then(|step| step.state.get_flag("on"));
            property.check_in_the_end(on != Some(true), || format!("that of {process} is on"));
        }
        Judgement {
            properties: vec![property],
            ..Judgement::default()
        }
    }
}

const BROKEN: &str = "at most one lamp is on: VIOLATED: after peer-01 (step 2): 2 lamps are on";

#[test]
fn simulator_reports_the_step_that_violates_an_invariant() {
    let system = Lamps { both: true };
    let recorded = run(&system, &Processes::new(2), &Scenario::default(), 7).recorded;
    let judged = judge(&system, &recorded).properties;
    let texts: Vec<_> = judged.iter().map(ToString::to_string).collect();
    let right = "each lamp is off in the end: holds (2 checked)";
    assert_eq!(texts, [BROKEN, right]);
}

#[test]
fn model_checker_ends_at_the_first_violation_of_an_invariant() {
    let check = |system: &Lamps| {
        let plan = Plan::new(Network::RELIABLE, Processes::new(2), 7);
        model::check(system, &plan, |_| ControlFlow::Continue(()))
    };
    let found = check(&Lamps { both: true });
    let way = found.counterexample.expect("both lamps can be on");
    assert_eq!(way.len(), 2, "the two commands: {way:?}");
    let found = check(&Lamps { both: false });
    assert!(found.is_whole(), "{:?}", found.counterexample);
    let invariant = &found.coverage.properties[0];
    assert_eq!(
        (invariant.name, invariant.runs),
        ("at most one lamp is on", 1)
    );
}

/// Each moment of a run with unequal clocks is a consistent cut.
#[test]
fn moments_keep_cause_before_effect() {
    let system = Lamps { both: true };
    let mut history = run(&system, &Processes::new(2), &Scenario::default(), 7).recorded;
    let late = history.processes.get_mut("peer-00").expect("it exists");
    for step in late {
        step.at_unix_nano += 1_000_000_000;
    }
    let (mut moments, mut sent) = (0, BTreeSet::new());
    history.for_each_moment(|moment, process, step| {
        moments += 1;
        if let Some(received) = &step.received {
            let id = received.message.id;
            assert!(
                sent.contains(&id),
                "{process} receives it before it is sent"
            );
        }
        sent.extend(moment.under_way().map(|(.., message)| message.id));
        ControlFlow::Continue(())
    });
    let steps = history.steps().count();
    assert_eq!(moments, steps);
}
