//! An endless run is never reported to end.

use std::time::Duration;

use algorithms::{Algorithm, NodeId, Out};
use trace::history::History;

use super::super::{Bound, Repetition};
use super::{RELIABLE, within};
use crate::checkers::Property;
use crate::system::{Judgement, ScheduledCommand, System};

/// Two processes that throw a ball to each other, until one of them is to hold
/// it.
struct Players {
    /// Whether one is ever to hold it.
    hold: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, algorithms::Describe)]
struct Player {
    #[describe(skip)]
    other: NodeId,
    #[describe(skip)]
    begins: bool,
    holds: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, algorithms::Message, algorithms::Describe)]
struct Ball {}

#[derive(Clone, Debug, PartialEq, Eq, Hash, algorithms::Output, algorithms::Describe)]
struct Held {}

impl Algorithm for Player {
    type Message = Ball;
    type Timer = ();
    type Command = ();
    type Output = Held;

    fn on_start(&mut self, out: &mut Out<Self>) {
        if self.begins {
            out.send(self.other, Ball {});
        }
    }

    fn on_command(&mut self, (): (), _: &mut Out<Self>) {
        self.holds = true;
    }

    fn on_message(&mut self, from: NodeId, ball: Ball, out: &mut Out<Self>) {
        match self.holds {
            true => out.output(Held {}),
            false => out.send(from, ball),
        }
    }

    fn on_timer(&mut self, (): (), _: &mut Out<Self>) {}
}

impl System for Players {
    type Algorithm = Player;

    fn processes(&self) -> u32 {
        2
    }

    fn process(&self, id: NodeId) -> Player {
        Player {
            other: NodeId(1 - id.0),
            begins: id.0 == 0,
            holds: false,
        }
    }

    fn commands(&self) -> Vec<ScheduledCommand<()>> {
        let hold = ScheduledCommand {
            at: Duration::ZERO,
            node: NodeId(0),
            command: (),
            operation: "hold",
        };
        self.hold.then_some(hold).into_iter().collect()
    }

    fn ends(&self, _: NodeId, _: &Held) -> bool {
        true
    }

    fn endings(&self) -> u64 {
        1
    }

    fn judge(&self, history: &History) -> Judgement {
        let mut held = Property::new("held");
        held.check(history.count_outputs("Held") == 1, || {
            "it is not held".into()
        });
        Judgement {
            properties: vec![held],
            ..Judgement::default()
        }
    }
}

#[test]
fn a_run_without_an_end_is_found_to_repeat_itself() {
    for hold in [false, true] {
        let found = within(&Players { hold }, RELIABLE, |bounds| bounds.depth = 20);
        assert_eq!(found.bound, Some(Bound::Depth(20)));
        assert!(!found.is_whole());
        assert_eq!(found.counterexample, None);
        // With the command, the shortest right run has three steps: the command,
        // and the ball there and back.
        assert_eq!(found.example.map(|way| way.len()), hold.then_some(3));
        let Some(Repetition { from, to }) = found.repetition else {
            panic!("no repetition although hold is {hold}");
        };
        assert!(from < to && to <= 20, "{from} {to}");
        assert_eq!((to - from) % 2, 0, "there and back");
    }
}
