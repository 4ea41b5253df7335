//! The Byzantine generals: a commander, its lieutenants, and liars among them.

use std::time::Duration;

use algorithms::oral_messages::{self, COMMANDER, Obeys, OralMessages, Orders, Traitor};
use algorithms::rounds::{Ending, Message, Output, Rounds};
use algorithms::{NodeId, Out};
use clap::Args;
use serde::Serialize;
use trace::history::History;

use super::agreement::{by_clock, lasts};
use super::{
    Figure, Judgement, ScheduledCommand, Setup, SetupError, System, SystemOptions, Visitor,
};
use crate::checkers::generals;
use crate::lesson::{Lesson, algorithm_file, commands};
use crate::liars::{Byzantine, Liars, Lies};
use crate::values;

/// The most rounds of relayed orders: their number grows like N^m. A guess.
const MOST: u32 = 4;

/// Options of `generals`.
#[derive(Clone, Debug, Args, Serialize)]
#[command(next_help_heading = "Options of generals")]
pub struct Options {
    /// How many may lie, the m of OM(m): there is one round more. --liars says who lies
    #[arg(long, value_name = "M", default_value_t = 1, value_parser = clap::value_parser!(u32).range(0..=i64::from(MOST)))]
    pub traitors: u32,
    /// The commander orders to retreat [default: to attack]
    #[arg(long)]
    pub retreat: bool,
    /// How long a round lasts
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = values::interval)]
    #[serde(rename = "round_seconds", serialize_with = "values::seconds")]
    pub round: Duration,
}

impl SystemOptions for Options {
    const NAME: &'static str = "generals";
    const LESSONS: &[Lesson] = &[Lesson {
        order: 64,
        name: "oral-messages",
        title: "The Byzantine generals: OM(m) of Lamport, Shostak and Pease",
        about: "how do the loyal agree if some lie?",
        needs: "more than 3m processes, of which m may lie; synchronous rounds; a channel between any two that loses nothing; senders are known",
        cost: "m+1 rounds; (N-1) + m (N-1)(N-2) messages, with about N^m orders in them",
        run: "generals",
        file: algorithm_file!("oral_messages.rs"),
        commands: commands! {
            "testbed --peers 4 generals --liars 0:equivocate" =>
                "the commander lies, and the lieutenants still agree",
            "testbed --peers 3 generals --liars 2:forge" =>
                "three generals cannot find out which of two lies",
            "testbed check generals --peers 4 --liars 3:custom" =>
                "a lieutenant lies in every way there is",
            "testbed check generals --peers 4 --liars 0:equivocate --traitors 0" =>
                "without the second round, the commander's lie is believed",
            "testbed simulate generals --peers 7 --traitors 2 --liars 3,4:custom --seeds 1000" =>
                "two of seven toss a coin for each order",
            "testbed simulate generals --peers 6 --traitors 2 --liars 3,4:custom --seeds 1000" =>
                "one general fewer: some schedule fails",
        },
    }];

    fn algorithm(&self) -> String {
        "oral-messages".into()
    }

    fn build<V: Visitor>(&self, setup: Setup, visitor: V) -> Result<V::Output, SetupError> {
        setup.require_mesh()?;
        setup.limit_processes("--traitors", self.traitors)?;
        let ending = by_clock(&setup, self.round);
        Ok(visitor.visit(Generals {
            processes: setup.peers,
            traitors: self.traitors,
            attack: !self.retreat,
            liars: setup.liars,
            ending,
        }))
    }
}

/// A commander, process 0, and its lieutenants.
#[derive(Clone, Debug)]
pub struct Generals {
    /// How many there are.
    pub processes: u32,
    /// How many may lie.
    pub traitors: u32,
    /// The commander's order: attack, or retreat.
    pub attack: bool,
    /// Which of them lie.
    pub liars: Liars,
    /// What ends a round.
    pub ending: Ending,
}

/// A lie is the opposite of each order.
impl Lies for Rounds<OralMessages> {
    type Custom = Traitor;

    fn lie(message: Message<Orders>, _: &mut Out<Byzantine<Self>>) -> Message<Orders> {
        match message {
            Message::Something { round, mut message } => {
                let orders = message.orders.iter_mut();
                orders.for_each(|order| order.attack = !order.attack);
                Message::Something { round, message }
            }
            Message::Nothing { round } => Message::Nothing { round },
        }
    }

    fn custom(self) -> Traitor {
        Traitor::new(self)
    }
}

impl Generals {
    /// Whether the run waits for what that process obeys.
    fn is_asked(&self, node: NodeId) -> bool {
        node != COMMANDER && !self.liars.contains(node)
    }
}

impl System for Generals {
    type Algorithm = Byzantine<Rounds<OralMessages>>;

    fn processes(&self) -> u32 {
        self.processes
    }

    fn process(&self, id: NodeId) -> Self::Algorithm {
        let others = (0..self.processes).map(NodeId).filter(|other| *other != id);
        let process = OralMessages::new(id, self.processes, self.traitors.into(), self.attack);
        self.liars
            .process(id, Rounds::new(process, others, self.ending))
    }

    /// Nothing: each process begins by itself.
    fn commands(&self) -> Vec<ScheduledCommand<()>> {
        Vec::new()
    }

    fn ends(&self, node: NodeId, output: &Output<Obeys>) -> bool {
        match output {
            Output::Algorithm(Obeys { .. }) => self.is_asked(node),
            Output::Late { .. } => false,
        }
    }

    fn endings(&self) -> u64 {
        let all = (0..self.processes).map(NodeId);
        all.filter(|node| self.is_asked(*node)).count() as u64
    }

    fn endings_of(&self, node: NodeId) -> Option<u64> {
        Some(self.is_asked(node).into())
    }

    fn lasts(&self, delay: Duration) -> Duration {
        lasts(self.ending, u64::from(self.traitors) + 1, delay)
    }

    /// A process that stops is a silent liar, which --liars names.
    fn survives_crashes(&self) -> bool {
        false
    }

    /// The judge reads states and outputs alone.
    fn ignores_history(&self) -> bool {
        true
    }

    fn is_synchronous(&self) -> bool {
        matches!(self.ending, Ending::Clock { .. })
    }

    fn liars(&self) -> Liars {
        self.liars.clone()
    }

    fn judge(&self, history: &History) -> Judgement {
        let messages = oral_messages::messages(self.processes.into(), self.traitors.into());
        let is_theory = self.liars == Liars::default() && self.processes > 3 * self.traitors;
        let order = |fields: &algorithms::Fields| match fields.get_flag("attack") {
            Some(true) => "attack",
            Some(false) | None => "retreat",
        };
        let obeyed = history.outputs().filter(|(_, _, kind, _)| *kind == "Obeys");
        let summary = obeyed.map(|(by, _, _, fields)| {
            let lies = history.liars().contains(&**by);
            let liar = if lies { ", and lies" } else { "" };
            format!("{by}           obeys {}{liar}", order(fields))
        });
        Judgement {
            properties: generals::check(history),
            figures: vec![Figure {
                name: "ORDERS",
                measured: history.count("ORDERS"),
                theory: Some(messages).filter(|_| is_theory),
                formula: "(n-1) + m (n-1)(n-2), if none lies and n > 3m".into(),
            }],
            summary: summary.collect(),
            ..Judgement::default()
        }
    }
}
