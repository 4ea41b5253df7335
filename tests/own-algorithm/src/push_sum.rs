//! The average of all values by gossip: push-sum, after David Kempe, Alin Dobra and Johannes
//! Gehrke, "Gossip-Based Computation of Aggregate Information" (FOCS 2003).
//!
//! Each process has a sum, which is its value at first, and the weight 1. In each round it
//! keeps half of both, and sends the other half to a random neighbour. No mass is made or
//! lost, so all sums and weights together, with those under way, are what they were. Sum by
//! weight approaches the average at every process.

use std::process::ExitCode;
use std::time::Duration;

use testbed::own::*;

/// Options of push-sum.
#[derive(Clone, clap::Args)]
pub struct Options {
    /// How many rounds each process takes part in
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..))]
    pub rounds: u32,
    /// How long a round takes
    #[arg(long, default_value = "10ms", value_parser = duration)]
    pub every: Duration,
    /// How a share is divided
    #[arg(long, value_enum, default_value = "exact")]
    pub split: Split,
}

/// How a process divides what it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Describe, clap::ValueEnum)]
pub enum Split {
    /// Into two parts whose sum is the whole
    Exact,
    /// Into two equal parts, which may lose a unit: wrong
    Rounded,
}

/// A part of the mass on its way.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Message, Describe)]
pub struct Share {
    #[message(tag = 1)]
    sum: Fraction,
    #[message(tag = 2)]
    weight: Fraction,
}

/// What a process says after its last round.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Output, Describe)]
pub struct Estimate {
    average: Option<Fraction>,
}

/// The state of one process.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
pub struct PushSum {
    sum: Fraction,
    weight: Fraction,
    rounds: u32,
    #[describe(skip)]
    neighbours: Vec<NodeId>,
    #[describe(skip)]
    every: Duration,
    #[describe(skip)]
    split: Split,
}

impl PushSum {
    fn halves(&self, whole: Fraction) -> [Fraction; 2] {
        match self.split {
            Split::Exact => whole.halves(),
            Split::Rounded => [whole / Fraction::from(2); 2],
        }
    }
}

impl Algorithm for PushSum {
    type Message = Share;
    type Timer = ();
    type Command = ();
    type Output = Estimate;

    fn on_start(&mut self, out: &mut Out<Self>) {
        out.set_timer((), self.every);
    }

    fn on_timer(&mut self, (): (), out: &mut Out<Self>) {
        if self.rounds == 0 {
            let average = self.sum.checked_div(self.weight);
            return out.output(Estimate { average });
        }
        self.rounds -= 1;
        let to = self.neighbours[out.random(0..self.neighbours.len())];
        let ([kept, sum], [kept_weight, weight]) =
            (self.halves(self.sum), self.halves(self.weight));
        (self.sum, self.weight) = (kept, kept_weight);
        out.send(to, Share { sum, weight });
        out.set_timer((), self.every);
    }

    fn on_message(&mut self, _: NodeId, share: Share, _: &mut Out<Self>) {
        self.sum += share.sum;
        self.weight += share.weight;
    }

    fn on_command(&mut self, (): (), _: &mut Out<Self>) {}
}

/// Processes whose values are 0, 1/3, 2/3, …
pub struct Averages {
    setup: Setup,
    options: Options,
}

impl Averages {
    /// A process for each peer.
    pub fn new(setup: &Setup, options: Options) -> Self {
        let setup = setup.clone();
        Self { setup, options }
    }

    fn value(id: u32) -> Fraction {
        Fraction::ratio(id.into(), 3)
    }

    /// All values, and all weights.
    fn mass(&self) -> [Fraction; 2] {
        let sum = (0..self.setup.peers).map(Self::value).sum();
        [sum, Fraction::from(self.setup.peers)]
    }
}

impl System for Averages {
    type Algorithm = PushSum;

    fn processes(&self) -> u32 {
        self.setup.peers
    }

    fn process(&self, id: NodeId) -> PushSum {
        PushSum {
            sum: Self::value(id.0),
            weight: Fraction::ONE,
            rounds: self.options.rounds,
            every: self.options.every,
            neighbours: self.setup.neighbours_of(id).to_vec(),
            split: self.options.split,
        }
    }

    fn commands(&self) -> Vec<ScheduledCommand<()>> {
        Vec::new()
    }

    fn ends(&self, _: NodeId, _: &Estimate) -> bool {
        true
    }

    fn endings(&self) -> u64 {
        self.setup.peers.into()
    }

    /// The mass of the processes, and of the messages under way, is that of the start.
    fn safe(&self, now: &Moment<'_>) -> Vec<Property> {
        let states: Vec<_> = now.states().map(|(_, state)| state).collect();
        let under_way = now.under_way().map(|(_, _, message)| &message.fields);
        let all: Vec<_> = states.iter().copied().chain(under_way).collect();
        let mut conserved = Property::new("the mass is conserved");
        // Before its first step, a process has no recorded state.
        if states.len() < self.setup.peers as usize {
            return vec![conserved];
        }
        for (name, mass) in ["sum", "weight"].into_iter().zip(self.mass()) {
            let now: Fraction = all.iter().filter_map(|one| one.get_fraction(name)).sum();
            conserved.check(now == mass, || {
                format!("the {name} is {now}, and was {mass}")
            });
        }
        vec![conserved]
    }

    fn judge(&self, history: &History) -> Judgement {
        let [sum, weight] = self.mass();
        let average = sum / weight;
        let mut near = Property::new("every estimate is within 1 % of the average");
        // The model checker takes too few rounds for that.
        if self.options.rounds < 40 {
            near.idle("for 40 rounds and more");
        } else {
            for (process, _, _, output) in history.outputs() {
                let estimate = output.get_fraction("average");
                let is_near = estimate.is_some_and(|estimate| {
                    (estimate - average).abs() <= average * Fraction::ratio(1, 100)
                });
                near.check(is_near, || format!("{process} states {output}"));
            }
        }
        Judgement {
            properties: vec![near],
            figures: vec![self.shares(history)],
            measures: vec![errors(history, average)],
            ..Judgement::default()
        }
    }
}

impl Averages {
    /// The messages, beside theory.
    fn shares(&self, history: &History) -> Figure {
        let rounds: u64 = self.options.rounds.into();
        Figure {
            name: "SHARE",
            measured: history.count("SHARE"),
            theory: Some(rounds * u64::from(self.setup.peers)),
            formula: "one of each process in each round".into(),
        }
    }
}

/// How far the estimates are from the average, in millionths of it.
fn errors(history: &History, average: Fraction) -> Measure {
    let mut errors = Times::new();
    for (_, _, _, output) in history.outputs() {
        if let Some(estimate) = output.get_fraction("average") {
            let error = (estimate - average).abs() / average;
            errors.count((error.to_f64() * 1e6).round() as u64, 1);
        }
    }
    Measure::numbers("error in millionths", errors.summary(), 0)
}

/// The program.
pub fn main() -> ExitCode {
    main_with(|setup, options: Options| Averages::new(setup, options))
}
