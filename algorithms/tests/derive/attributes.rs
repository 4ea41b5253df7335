//! Attributes that are unknown, or that exclude each other.
use algorithms::{Describe, Message, Output};

#[derive(Message)]
struct Unknown {
    #[message(tga = 1)]
    number: u64,
}

#[derive(Message)]
enum OfTheEnum {
    #[message(tag = 1, application)]
    Application(u64),
}

#[derive(Message)]
enum Renamed<M> {
    #[message(tag = 1, kind = "JOB")]
    Application(#[message(application)] M),
}

#[derive(Message)]
#[message(kind = "")]
struct Empty {}

#[derive(Describe)]
struct Skipped {
    #[describe(skip, name = "other")]
    number: u64,
}

#[derive(Describe)]
struct Unnamed(#[describe(with = u64::count_ones)] u64);

#[derive(Output)]
enum Said {
    Nothing(#[output(forward)] u64),
}

#[derive(Output)]
enum Never {}

fn main() {}
