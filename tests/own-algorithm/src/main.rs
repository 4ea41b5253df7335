//! The largest number on a ring, after Gérard Le Lann, "Distributed Systems:
//! Towards a Formal Approach" (IFIP 1977).
//!
//! Each process has a number of its own. It sends it around the ring,
//! and passes on those of the others. Channels keep the order, so a number that
//! is back has pushed all others before it: the largest that its process has
//! seen is the largest of all. Each of N numbers goes N hops: N² messages.

use std::process::ExitCode;

use testbed::own::{self, Algorithm, Describe, Figure, History, Judgement, Message, NodeId};
use testbed::own::{Out, Output, Property, System};

/// A number on its way.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Message, Describe)]
struct Number {
    #[message(tag = 1)]
    number: u64,
}

/// What a process says when its own number is back.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Output, Describe)]
struct Largest {
    number: u64,
}

/// The state of one process.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
struct LeLann {
    /// The only one that it sends to.
    #[describe(skip)]
    next: NodeId,
    number: u64,
    /// The largest number seen so far.
    largest: u64,
}

impl Algorithm for LeLann {
    type Message = Number;
    type Timer = ();
    type Command = ();
    type Output = Largest;

    fn on_start(&mut self, out: &mut Out<Self>) {
        let number = self.number;
        out.send(self.next, Number { number });
    }

    fn on_message(&mut self, _: NodeId, Number { number }: Number, out: &mut Out<Self>) {
        self.largest = self.largest.max(number);
        if number == self.number {
            let number = self.largest;
            out.output(Largest { number });
        } else {
            out.send(self.next, Number { number });
        }
    }

    fn on_command(&mut self, (): (), _: &mut Out<Self>) {}
    fn on_timer(&mut self, (): (), _: &mut Out<Self>) {}
}

/// A ring of processes: their numbers.
struct Ring(Vec<u64>);

impl System for Ring {
    type Algorithm = LeLann;

    fn processes(&self) -> u32 {
        self.0.len() as u32
    }

    fn process(&self, id: NodeId) -> LeLann {
        let number = self.0[usize::from(id)];
        LeLann {
            next: NodeId((id.0 + 1) % self.processes()),
            number,
            largest: number,
        }
    }

    /// Nothing: each process begins by itself.
    fn commands(&self) -> Vec<own::ScheduledCommand<()>> {
        Vec::new()
    }

    fn ends(&self, _: NodeId, _: &Largest) -> bool {
        true
    }

    fn endings(&self) -> u64 {
        self.processes().into()
    }

    fn judge(&self, history: &History) -> Judgement {
        let (count, largest) = (self.endings(), self.0.iter().max().copied());
        let mut right = Property::new("every output is the largest");
        for (process, _, _, output) in history.outputs() {
            let number = output.get_integer("number").map(|number| number as u64);
            right.check(number == largest, || format!("{process} states {output}"));
        }
        let mut all = Property::of("every process has an output", history);
        let outputs = history.count_outputs("Largest");
        all.check_in_the_end(outputs == count, || format!("{outputs} of {count} do"));
        let cost = Figure {
            name: "NUMBER",
            measured: history.count("NUMBER"),
            theory: Some(count * count),
            formula: "N numbers, N hops each".into(),
        };
        Judgement {
            properties: vec![right, all],
            figures: vec![cost],
            ..Judgement::default()
        }
    }
}

fn main() -> ExitCode {
    own::main(|setup| {
        let count = u64::from(setup.peers);
        let numbers = (0..count).map(|id| (setup.seed % count + id) % count);
        Ring(numbers.collect())
    })
}
