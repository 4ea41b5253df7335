//! Random choices are branches of a check: a run that goes wrong for one value of a draw
//! alone is found, whatever the seed.

use std::ops::ControlFlow;
use std::time::Duration;

use lab::model::{self, Action, Checked, Exploration, Network, Plan};
use lab::own::{Algorithm, Describe, History, Judgement, Message, NodeId, Out};
use lab::own::{Output, Property, ScheduledCommand, System};
use std::sync::Arc;
use trace::recorder::StoreRecorder;
use trace::steps::Processes;
use trace::store::Store;
use trace::telemetry::Sink;

const SIDES: u32 = 6;

/// Where the die is thrown, and how many sides it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Throw {
    AtStart,
    OnCommand,
    /// With more values than are tried.
    Large,
    /// By the generator itself.
    Generator,
}

/// It throws a die, and sends the number only later: nothing shows it until then.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
struct Player {
    #[describe(skip)]
    throw: Throw,
    #[describe(skip)]
    me: NodeId,
    #[describe(skip)]
    number: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Message, Describe)]
struct Thrown {
    #[message(tag = 1)]
    number: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Output, Describe)]
struct Heard {
    number: u32,
}

impl Player {
    fn throw(&mut self, out: &mut Out<Self>) {
        self.number = match self.throw {
            Throw::AtStart | Throw::OnCommand => out.random(1..=SIDES),
            Throw::Large => out.random(1..=100),
            Throw::Generator => lab::own::rand::RngExt::random_range(out.rng(), 1..=SIDES),
        };
        out.set_timer((), Duration::from_millis(1));
    }
}

impl Algorithm for Player {
    type Message = Thrown;
    type Timer = ();
    type Command = ();
    type Output = Heard;

    fn on_start(&mut self, out: &mut Out<Self>) {
        if self.me == NodeId(0) && self.throw == Throw::AtStart {
            self.throw(out);
        }
    }

    fn on_command(&mut self, (): (), out: &mut Out<Self>) {
        self.throw(out);
    }

    fn on_timer(&mut self, (): (), out: &mut Out<Self>) {
        let number = self.number;
        out.send(NodeId(1), Thrown { number });
    }

    fn on_message(&mut self, _: NodeId, Thrown { number }: Thrown, out: &mut Out<Self>) {
        out.output(Heard { number });
    }
}

#[derive(Clone, Copy)]
struct Game {
    throw: Throw,
    /// The number that is wrong.
    wrong: i64,
    ignores_history: bool,
}

impl System for Game {
    type Algorithm = Player;

    fn processes(&self) -> u32 {
        2
    }

    fn process(&self, me: NodeId) -> Player {
        Player {
            throw: self.throw,
            me,
            number: 0,
        }
    }

    fn commands(&self) -> Vec<ScheduledCommand<()>> {
        let throw = ScheduledCommand {
            at: Duration::ZERO,
            node: NodeId(0),
            command: (),
            operation: "throw",
        };
        match self.throw {
            Throw::AtStart => Vec::new(),
            Throw::OnCommand | Throw::Large | Throw::Generator => vec![throw],
        }
    }

    fn ends(&self, _: NodeId, _: &Heard) -> bool {
        true
    }

    fn endings(&self) -> u64 {
        1
    }

    fn ignores_history(&self) -> bool {
        self.ignores_history
    }

    fn judge(&self, history: &History) -> Judgement {
        let mut right = Property::new("the number is right");
        for (process, _, _, output) in history.outputs() {
            let number = output.get_integer("number");
            right.check(number != Some(self.wrong), || {
                format!("{process}: {output}")
            });
        }
        Judgement {
            properties: vec![right],
            ..Judgement::default()
        }
    }
}

fn plan(seed: u64) -> Plan {
    Plan::new(Network::RELIABLE, Processes::new(2), seed)
}

fn check(game: Game, seed: u64) -> Checked<Action> {
    model::check(&game, &plan(seed), |_| ControlFlow::Continue(()))
}

#[test]
fn every_value_of_a_draw_is_tried() {
    for throw in [Throw::AtStart, Throw::OnCommand] {
        for (wrong, ignores_history) in [(1, false), (3, false), (6, false), (3, true)] {
            let game = Game {
                throw,
                wrong,
                ignores_history,
            };
            let found = check(game, 1);
            let way = found.counterexample.expect("the number is thrown");
            assert_eq!(way.len(), 3, "{throw:?}, {wrong}: {way:?}");
            assert!(!found.has_drawn);
        }
        let game = Game {
            throw,
            wrong: 7,
            ignores_history: false,
        };
        let found = check(game, 1);
        assert!(found.is_whole());
        assert_eq!(found.coverage.properties[0].runs, u64::from(SIDES));
        assert_eq!(found.extent.states, 1 + 3 * u64::from(SIDES));
    }
}

#[test]
fn other_random_numbers_are_drawn_by_the_seed() {
    for throw in [Throw::Large, Throw::Generator] {
        let game = Game {
            throw,
            wrong: 0,
            ignores_history: false,
        };
        let found = check(game, 1);
        assert!(found.is_whole() && found.has_drawn, "{throw:?}");
        assert_eq!(found.extent.states, 4, "{throw:?}");
    }
}

/// The recorded counterexample makes the same choice, and names it.
#[test]
fn the_counterexample_names_the_choice() {
    for throw in [Throw::AtStart, Throw::OnCommand] {
        let game = Game {
            throw,
            wrong: 3,
            ignores_history: false,
        };
        let exploration = Exploration::new(game, plan(1));
        let store = Arc::new(Store::new());
        let recorder = StoreRecorder::start(Arc::clone(&store));
        let sink = Sink::new(Some(Arc::new(recorder)), None);
        exploration.run(&sink, |_, _| {});
        assert_eq!(sink.counts().stored, sink.counts().started);
        let results = exploration.results(&store).expect("it has ended");
        assert_eq!(
            results.judgement.properties[0].violations,
            ["peer-01: number=3"]
        );
        let narrative = results.engine.narrative.join("\n");
        assert!(narrative.contains("draws 3 of 1..=6"), "{narrative}");
        let text = exploration.text(Some(&results));
        assert!(!text.contains("random numbers"), "{text}");
    }
}
