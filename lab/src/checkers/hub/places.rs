//! At which hub each peer registers.

use std::collections::BTreeMap;

use trace::history::History;
use trace::steps::StepRecord;

use super::proof::place;
use super::{Property, Terms, sent};

/// After so many tries without an answer a peer goes on to the next hub.
const TRIES: u32 = 2;

/// What a hub has to answer.
const ASKED: [&str; 4] = ["NEW_SESSION", "PROOF", "REGISTER", "PING"];

/// Checks that a peer begins with the nearest hub, stays where it is answered, and goes on
/// where it is not.
pub(super) fn check(history: &History, terms: &Terms) -> Property {
    let mut property = Property::new("peers register at the nearest hub that answers")
        .looks_at("message NEW_SESSION or REGISTER");
    let peers = history.processes.iter();
    for (peer, steps) in peers.filter(|(peer, _)| !terms.is_hub(peer)) {
        let mut hubs: Vec<_> = terms.hubs.iter().map(String::as_str).collect();
        hubs.sort_by_cached_key(|hub| place(hub) ^ place(peer));
        let mut way = Way::new(hubs);
        for step in steps {
            way.follow(peer, step, &mut property);
        }
    }
    if property.checked == 0 {
        property.idle("nobody has registered");
    }
    property
}

/// A peer on its way from hub to hub.
struct Way<'a> {
    /// The hubs, the nearest first.
    hubs: Vec<&'a str>,
    /// The places of these.
    places: BTreeMap<&'a str, usize>,
    /// Which it is at.
    at: usize,
    was_registered: bool,
    /// How often it has tried there since that was heard of.
    tries: u32,
}

impl<'a> Way<'a> {
    fn new(hubs: Vec<&'a str>) -> Self {
        let places = hubs.iter().enumerate().map(|(place, hub)| (*hub, place));
        Self {
            places: places.collect(),
            hubs,
            at: 0,
            was_registered: false,
            tries: 0,
        }
    }

    fn follow(&mut self, peer: &str, step: &StepRecord, property: &mut Property) {
        if step.restarts {
            (self.at, self.was_registered, self.tries) = (0, false, 0);
        }
        if let Some(received) = &step.received
            && self.hubs[self.at] == &*received.from
        {
            self.tries = 0;
            self.was_registered |= &*received.message.kind == "REGISTERED";
        }
        let tries = sent(step).filter(|sent| ASKED.contains(&sent.kind));
        for try_ in tries {
            let Some(place) = self.places.get(&**try_.to).copied() else {
                continue;
            };
            if place == self.at {
                let is_patient = self.tries < TRIES || self.hubs.len() < 2;
                property.check(is_patient || step.timer.is_none(), || {
                    let (hub, tries) = (try_.to, self.tries);
                    format!("{peer} stays at {hub}, which has not answered {tries} times")
                });
                self.tries += 1;
                continue;
            }
            let next = match (self.was_registered, self.at) {
                (true, 1..) => 0,
                (_, at) => (at + 1) % self.hubs.len(),
            };
            property.check(self.tries >= TRIES && place == next, || {
                let (hub, before, next) = (try_.to, self.hubs[self.at], self.hubs[next]);
                let tries = self.tries;
                format!(
                    "{peer} goes on to {hub} after {tries} tries at {before}; the next is {next}"
                )
            });
            (self.at, self.was_registered, self.tries) = (place, false, 1);
        }
    }
}
