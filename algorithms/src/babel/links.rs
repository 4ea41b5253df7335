//! Whether links work, and what they cost.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Babel, Cost, INFINITY, Message, Output, Timer};
use crate::{NodeId, Out};

/// A link to a neighbour.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Link {
    /// Whether it works.
    up: bool,
    /// What the environment adds to its cost.
    more: u16,
    /// What it costs by itself.
    own: u16,
    /// Its last round trip, if that is measured.
    measured: Option<u16>,
    /// The HELLO that is not answered yet, and how many laps ago it was sent.
    hello: Option<(u32, usize)>,
}

/// The links that are up: `peer-01 at 1`.
pub(super) fn texts(links: &BTreeMap<NodeId, Link>) -> Vec<String> {
    let up = links.iter().filter(|(_, link)| link.up);
    up.map(|(neighbour, link)| format!("{neighbour} at {}", link.cost()))
        .collect()
}

impl Link {
    pub(super) const fn new() -> Self {
        Self {
            up: false,
            more: 0,
            own: 1,
            measured: None,
            hello: None,
        }
    }

    /// What it costs: at least 1, without which distances would not fall along next hops.
    const fn cost(&self) -> u16 {
        self.own.saturating_add(self.more)
    }

    /// A round trip took so long. Whether that changes the cost.
    fn measure(&mut self, took: u16) -> bool {
        let is_first = self.measured.is_none();
        let counts = self.measured.replace(took) == Some(took) || is_first;
        let changes = counts && self.own != took;
        if changes {
            self.own = took;
        }
        changes
    }
}

impl Babel {
    pub(crate) fn is_up(&self, neighbour: NodeId) -> bool {
        self.links.get(&neighbour).is_some_and(|link| link.up)
    }

    pub(super) fn up(&self) -> Vec<NodeId> {
        let up = self.links.iter().filter(|(_, link)| link.up);
        up.map(|(neighbour, _)| *neighbour).collect()
    }

    /// The cost of the link to that neighbour; none while that is down.
    pub(crate) fn cost(&self, neighbour: NodeId) -> Option<u16> {
        let link = self.links.get(&neighbour).filter(|link| link.up)?;
        Some(link.cost())
    }

    fn open_links(&self) -> Vec<NodeId> {
        let all = self.links.keys().copied();
        all.filter(|one| !self.closed.contains(one)).collect()
    }

    /// The node starts. Nodes do not all send at once, so the first intervals are shorter.
    pub(super) fn begin(&mut self, again: bool, out: &mut Out<Self>) {
        self.number = self.number.wrapping_add(1);
        out.persist();
        if let Some(table) = self.config.table {
            let first = part_of(table, out);
            out.set_timer(Timer::Table, first);
        }
        for neighbour in self.open_links() {
            match self.config.hello {
                Some(_) => self.greet(neighbour, out),
                None => self.use_link(neighbour, again, out),
            }
        }
        if let Some(hello) = self.config.hello {
            let first = part_of(hello, out);
            out.set_timer(Timer::Hello, first);
        }
    }

    /// The interval is over.
    pub(super) fn say_hello(&mut self, out: &mut Out<Self>) {
        let Some(hello) = self.config.hello else {
            return;
        };
        self.hellos = self.hellos.wrapping_add(1);
        for neighbour in self.open_links() {
            self.greet(neighbour, out);
        }
        out.set_timer(Timer::Hello, hello);
    }

    fn greet(&mut self, neighbour: NodeId, out: &mut Out<Self>) {
        let number = self.hellos;
        out.send(neighbour, Message::Hello { number });
        if let (Cost::RoundTrip(laps), Some(link)) =
            (&self.config.cost, self.links.get_mut(&neighbour))
        {
            link.hello = Some((number, 0));
            out.set_timer(Timer::Lap(neighbour), lap(laps, 0).unwrap_or_default());
        }
    }

    /// The answer has not come yet.
    pub(super) fn on_lap(&mut self, neighbour: NodeId, out: &mut Out<Self>) {
        if let Cost::RoundTrip(laps) = &self.config.cost
            && let Some(link) = self.links.get_mut(&neighbour)
            && let Some((_, over)) = &mut link.hello
        {
            *over += 1;
            if let Some(next) = lap(laps, *over) {
                out.set_timer(Timer::Lap(neighbour), next);
            }
        }
    }

    /// A neighbour that is there again is greeted at once.
    pub(super) fn on_hello(&mut self, from: NodeId, number: u32, out: &mut Out<Self>) {
        if self.closed.contains(&from) || !self.links.contains_key(&from) {
            return;
        }
        out.send(from, Message::Ihu { number });
        if !self.is_up(from) {
            self.greet(from, out);
        }
    }

    pub(super) fn on_ihu(&mut self, from: NodeId, number: u32, out: &mut Out<Self>) {
        let (Some(silence), Some(link)) = (self.config.silence(), self.links.get_mut(&from)) else {
            return;
        };
        if self.closed.contains(&from) {
            return;
        }
        out.set_timer(Timer::Silent(from), silence);
        let mut is_new = false;
        if let Cost::RoundTrip(laps) = &self.config.cost
            && let Some((_, over)) = link.hello.take_if(|(hello, _)| *hello == number)
        {
            out.cancel_timer(Timer::Lap(from));
            is_new = link.measure(sum(laps, over));
        }
        if !link.up {
            out.output(Output::Found { neighbour: from });
            self.use_link(from, true, out);
        } else if is_new {
            self.reconsider(from, out);
        }
    }

    pub(super) fn on_silent(&mut self, neighbour: NodeId, out: &mut Out<Self>) {
        if self.is_up(neighbour) {
            out.output(Output::Lost { neighbour });
            self.give_up(neighbour, out);
        }
    }

    /// The link works from now on: both ends tell each other all that they know.
    fn use_link(&mut self, neighbour: NodeId, wants: bool, out: &mut Out<Self>) {
        if let Some(link) = self.links.get_mut(&neighbour) {
            link.up = true;
            self.answer_table(neighbour, wants, out);
        }
    }

    /// The link is not used any more, nor what was heard over it.
    fn give_up(&mut self, neighbour: NodeId, out: &mut Out<Self>) {
        if let Some(link) = self.links.get_mut(&neighbour) {
            link.up = false;
            link.measured = None;
            self.forget(neighbour, out);
        }
    }

    pub(super) fn open(&mut self, neighbour: NodeId, out: &mut Out<Self>) {
        if self.closed.remove(&neighbour) {
            out.output(Output::Opened { neighbour });
            match self.config.hello {
                Some(_) => self.greet(neighbour, out),
                None => self.use_link(neighbour, true, out),
            }
        }
    }

    pub(super) fn close(&mut self, neighbour: NodeId, out: &mut Out<Self>) {
        if self.links.contains_key(&neighbour) && self.closed.insert(neighbour) {
            out.output(Output::Closed { neighbour });
            if self.config.hello.is_some() {
                out.cancel_timer(Timer::Silent(neighbour));
                out.cancel_timer(Timer::Lap(neighbour));
            }
            self.give_up(neighbour, out);
        }
    }

    pub(super) fn price(&mut self, neighbour: NodeId, more: u16, out: &mut Out<Self>) {
        if let Some(link) = self.links.get_mut(&neighbour) {
            link.more = more;
            out.output(Output::Priced { neighbour, more });
            self.reconsider(neighbour, out);
        }
    }
}

/// A random part of a time, to the millisecond.
fn part_of(time: Duration, out: &mut Out<Babel>) -> Duration {
    let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(out.random(0..millis.max(1)))
}

fn lap(laps: &[Duration], over: usize) -> Option<Duration> {
    laps.get(over).copied()
}

/// The time up to the end of a lap, in milliseconds.
fn sum(laps: &[Duration], over: usize) -> u16 {
    let time: Duration = laps.iter().take(over.saturating_add(1)).sum();
    u16::try_from(time.as_millis()).unwrap_or(INFINITY).max(1)
}
