//! What can happen in a system whose processes take synchronous rounds by the clock.
//!
//! Within a round no process sees what another does: a message counts at the end of the
//! round, whenever it came. So the processes act one after the other here, in the order
//! of their numbers, and nothing is lost by it. What is tried in every way is what the
//! model leaves open: to which of its neighbours a process has sent when it crashes.

use algorithms::Algorithm;

use super::World;
use super::actions::Action;

impl<A: Algorithm> World<A> {
    /// Adds the next delivery; or, if no message is under way, the timers of the first
    /// process with one that is due next.
    pub(super) fn synchronous(&self, actions: &mut Vec<Action>) {
        if let Some((_, first)) = self.channels.iter().next() {
            for (place, one) in self.channels.iter() {
                let is_same = one.sent.ends() == first.sent.ends();
                if is_same && (place == 0 || !self.fixed.identity.fifo) {
                    self.deliveries(actions, place, one);
                }
            }
            return;
        }
        let timers = self
            .processes
            .iter()
            .flat_map(|process| process.timers.values());
        let next = timers.map(|timer| timer.due).min();
        for (node, process) in (0..).zip(&self.processes) {
            let timers = (0..).zip(process.timers.values());
            let due = timers.filter(|(_, timer)| Some(timer.due) == next);
            let due: Vec<_> = due.map(|(place, _)| Action::Timer(node, place)).collect();
            if !due.is_empty() {
                actions.extend(due);
                return;
            }
        }
    }
}
