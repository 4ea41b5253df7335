//! Checks a hub's sessions: does everybody pay, is everybody found, and does nobody get more
//! than the ration?
//!
//! For any hubs whose messages have the kinds and fields of those in `hub.rs` of the
//! algorithms. Each is followed step by step, with a model of its own of who has a session, who
//! is registered, what is left in each bucket, and what other hubs are asked. The clock of the
//! buckets is the hub's timer `Tick`. What a hub forgets when it restarts is forgotten here as
//! well. Peers are followed to see at which hubs they register.

mod book;
mod handing;
mod heard;
mod pace;
mod places;
mod proof;
mod requests;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use trace::history::History;
use trace::steps::{Event, StepRecord};

use super::Property;
use book::Book;

/// What each hub was asked to grant.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// The names of the hubs.
    pub hubs: Vec<String>,
    /// With how many zero bits a proof begins at least.
    pub bits: u32,
    /// For how many epochs after its own a session is good.
    pub kept: i64,
    /// How long a session lasts of which nothing is heard.
    pub life: Option<Duration>,
    /// Whether peers ask again after the hub has restarted.
    pub retries: bool,
    /// The peers that attack. They need not hear anything.
    pub attackers: BTreeSet<String>,
    /// How many neighbours a peer is told of.
    pub nearest: usize,
    /// A full bucket, in bytes.
    pub burst: i64,
    /// How often buckets are filled.
    pub tick: Duration,
    /// By how many bytes.
    pub fill: i64,
    /// The largest data that is passed on.
    pub largest: i64,
    /// How much is asked of other hubs for a peer at once.
    pub errands: usize,
    /// How many requests of a peer are served at once, and how many more with each tick; `None`
    /// for any number.
    pub pace: Option<(i64, i64)>,
}

impl Terms {
    fn is_hub(&self, name: &str) -> bool {
        self.hubs.iter().any(|hub| hub == name)
    }

    /// The hubs beside that one by their distance to where that peer is, the nearest first.
    fn others(&self, hub: &str, target: u64) -> Vec<&str> {
        let others = self.hubs.iter().map(String::as_str);
        let mut others: Vec<_> = others.filter(|other| *other != hub).collect();
        others.sort_by_key(|other| proof::place(other) ^ target);
        others
    }
}

/// The properties, while the hubs are followed.
struct Checks {
    proof: Property,
    once: Property,
    register: Property,
    life: Property,
    ration: Property,
    refusals: Property,
    nearest: Property,
    unregistered: Property,
    answers: Property,
    handing: Property,
    found: Property,
    pace: Property,
}

/// Checks a run.
pub fn check(history: &History, terms: &Terms) -> Vec<Property> {
    let mut checks = Checks {
        proof: Property::new("no session without a proof").looks_at("message ACCEPTED"),
        once: Property::new("a proof serves once").looks_at("message ACCEPTED"),
        register: Property::new("no registration without a session").looks_at("message REGISTERED"),
        life: Property::of(
            "a session ends when nothing is heard of it, and not before",
            history,
        )
        .looks_at("output SessionEnded, or message PONG"),
        ration: Property::new("no more than the ration").looks_at("message RELAYED or CALLED"),
        refusals: Property::new("no refusal without its reason").looks_at("message REFUSED"),
        nearest: Property::new("the nearest are found").looks_at("message NEIGHBOURS"),
        unregistered: Property::new("nothing for the unregistered")
            .looks_at("message PONG, NEIGHBOURS, RELAYED, CALLED or DIAL_BACK"),
        answers: Property::new("who asks is answered").looks_at("message NEW_SESSION"),
        handing: Property::new("what is handed over was paid for").looks_at("message HAND_OVER"),
        found: Property::new("a receiver that is registered is found")
            .looks_at("message HAND_OVER or NOT_HERE"),
        pace: Property::new("no more requests than the bound")
            .looks_at("message NEW_SESSION, PING or FIND"),
    };
    for hub in &terms.hubs {
        let mut book = Book::new(terms, hub);
        let steps = history.processes.get(hub.as_str());
        for step in steps.into_iter().flatten() {
            book.follow(step, &mut checks);
        }
        book.end(history, &mut checks);
    }
    let has_one = terms.hubs.len() < 2;
    if history.count("CHALLENGE") == 0 && history.count("REFUSED") > 0 {
        // Whether they were refused with reason is a property of its own.
        for property in [&mut checks.proof, &mut checks.once, &mut checks.register] {
            property.idle("everybody was refused");
        }
    }
    for (property, why) in [
        (&mut checks.refusals, "nothing was refused"),
        (&mut checks.ration, "nothing was passed on"),
        (&mut checks.nearest, "nobody was looked for"),
        (&mut checks.unregistered, "nobody asked for anything"),
        (&mut checks.life, "no session was old enough"),
        (&mut checks.handing, "nothing was handed over"),
        (&mut checks.found, "nothing was handed over"),
        (&mut checks.pace, "peers may ask as often as they like"),
    ] {
        if property.checked == 0 {
            property.idle(why);
        }
    }
    let mut places = places::check(history, terms);
    if has_one {
        for property in [&mut checks.handing, &mut checks.found, &mut places] {
            property.idle("there is one hub");
        }
    }
    vec![
        checks.proof,
        checks.once,
        checks.register,
        checks.life,
        checks.ration,
        checks.refusals,
        checks.nearest,
        checks.unregistered,
        checks.answers,
        checks.pace,
        heard::check(history, terms),
        places,
        checks.handing,
        checks.found,
    ]
}

/// The messages that a step sent.
fn sent(step: &StepRecord) -> impl Iterator<Item = Sent<'_>> {
    step.events.iter().filter_map(|event| match event {
        Event::Sent { to, message } => Some(Sent {
            to,
            kind: &message.kind,
            fields: &message.fields,
        }),
        Event::Output { .. } => None,
    })
}

/// A message that the hub has sent.
#[derive(Clone, Copy)]
struct Sent<'a> {
    to: &'a Arc<str>,
    kind: &'a str,
    fields: &'a algorithms::Fields,
}

#[cfg(test)]
mod tests;
