//! The order of timers that are set for a second or more.

use std::time::Duration;

use algorithms::{Algorithm, NodeId, Out};
use trace::history::{History, Moment};

use super::{RELIABLE, all};
use crate::checkers::Property;
use crate::system::{Judgement, ScheduledCommand, System};

const SECOND: Duration = Duration::from_secs(1);

/// Process 0 rings after 2 s; process 1 after each of three seconds.
struct Clocks {
    /// What has to hold of how often each has rung.
    holds: fn([usize; 2]) -> bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, algorithms::Describe)]
struct Clock {
    #[describe(skip)]
    every: Duration,
    left: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, algorithms::Message, algorithms::Describe)]
struct Nothing {}

#[derive(Clone, Debug, PartialEq, Eq, Hash, algorithms::Output, algorithms::Describe)]
struct Rings {}

impl Algorithm for Clock {
    type Message = Nothing;
    type Timer = ();
    type Command = ();
    type Output = Rings;

    fn on_start(&mut self, out: &mut Out<Self>) {
        out.set_timer((), self.every);
    }

    fn on_command(&mut self, (): (), _: &mut Out<Self>) {}

    fn on_message(&mut self, _: NodeId, _: Nothing, _: &mut Out<Self>) {}

    fn on_timer(&mut self, (): (), out: &mut Out<Self>) {
        out.output(Rings {});
        self.left -= 1;
        if self.left > 0 {
            out.set_timer((), self.every);
        }
    }
}

impl System for Clocks {
    type Algorithm = Clock;

    fn processes(&self) -> u32 {
        2
    }

    fn process(&self, id: NodeId) -> Clock {
        match id.0 {
            0 => Clock {
                every: SECOND * 2,
                left: 1,
            },
            _ => Clock {
                every: SECOND,
                left: 3,
            },
        }
    }

    fn commands(&self) -> Vec<ScheduledCommand<()>> {
        Vec::new()
    }

    fn ends(&self, _: NodeId, _: &Rings) -> bool {
        true
    }

    fn endings(&self) -> u64 {
        4
    }

    fn safe(&self, now: &Moment<'_>) -> Vec<Property> {
        let rung = ["peer-00", "peer-01"]
            .map(|process| now.outputs().filter(|(by, ..)| *by == process).count());
        let mut order = Property::new("order");
        order.check((self.holds)(rung), || format!("{rung:?}"));
        vec![order]
    }

    fn judge(&self, _: &History) -> Judgement {
        Judgement::default()
    }
}

#[test]
fn a_timer_waits_for_those_of_other_processes_that_run_out_before_it() {
    let is_always = |holds| all(&Clocks { holds }, RELIABLE).counterexample.is_none();
    assert!(
        is_always(|[slow, fast]| slow == 0 || fast >= 1),
        "1 s before 2 s"
    );
    assert!(
        is_always(|[slow, fast]| fast < 3 || slow == 1),
        "2 s before 3 s"
    );
    // Both run out after 2 s, in any order.
    assert!(!is_always(|[slow, fast]| slow == 0 || fast >= 2));
    assert!(!is_always(|[slow, fast]| fast < 2 || slow == 1));
}
