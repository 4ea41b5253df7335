//! What the hub does for those who are registered.

use std::sync::Arc;

use algorithms::Fields;
use trace::steps::MessageRecord;

use super::book::Book;
use super::proof::place;
use super::{Checks, Sent};

impl Book<'_> {
    pub(super) fn asked_for_nearest(
        &self,
        from: &str,
        find: &Fields,
        answer: &[Sent<'_>],
        checks: &mut Checks,
    ) {
        let is_there = self.registered.contains_key(from);
        let target = find.get_text("target").unwrap_or_default();
        let target = u64::from_str_radix(target, 16).unwrap_or_default();
        let mut nearest: Vec<_> = self.registered.keys().collect();
        nearest.sort_by_cached_key(|peer| place(peer) ^ target);
        nearest.truncate(self.terms.nearest);
        for sent in answer.iter().filter(|sent| sent.kind == "NEIGHBOURS") {
            checks.unregistered.check(is_there, || {
                format!("{from} is told of others, and has no session")
            });
            let told = sent.fields.get_list("nodes").unwrap_or_default();
            let same = told
                .iter()
                .map(String::as_str)
                .eq(nearest.iter().map(|peer| &***peer));
            checks.nearest.check(same, || {
                format!(
                    "{from} was told of {told:?}, and the nearest to {target:016x} are {nearest:?}"
                )
            });
        }
        Self::answered(answer, from, (!is_there).then_some("unregistered"), checks);
    }

    pub(super) fn asked_to_pass_on(
        &mut self,
        from: &Arc<str>,
        message: &MessageRecord,
        answer: &[Sent<'_>],
        checks: &mut Checks,
    ) {
        let fields = &message.fields;
        let to = fields.get_text("peer").or_else(|| fields.get_text("to"));
        let to = to.unwrap_or_default();
        let bytes = fields.get_integer("data").unwrap_or(0);
        let spent = self.spent.get(from).copied().unwrap_or(0) + bytes;
        let missing = spent - self.terms.burst;
        let reason = if !self.registered.contains_key(from) {
            Some("unregistered")
        } else if to == &**from || !self.registered.contains_key(to) {
            Some("unknown_receiver")
        } else if bytes > self.terms.largest {
            Some("large")
        } else {
            (missing > 0).then_some("ration")
        };
        let is_passed =
            |sent: &&Sent<'_>| ["RELAYED", "CALLED", "ANSWERED", "DIAL_BACK"].contains(&sent.kind);
        for sent in answer.iter().filter(is_passed) {
            let (kind, to) = (sent.kind, sent.to);
            for peer in [from, to] {
                checks
                    .unregistered
                    .check(self.registered.contains_key(peer), || {
                        format!("{kind} from {from} to {to}, and {peer} has no session")
                    });
            }
            checks
                .ration
                .check(missing <= 0 && bytes <= self.terms.largest, || {
                    format!("{bytes} bytes were passed on for {from}: {missing} too many")
                });
            self.spent.insert(Arc::clone(from), spent);
        }
        self.spent.retain(|_, spent| *spent > 0);
        if reason == Some("ration") {
            self.check_wait(from, missing, answer, checks);
        }
        Self::answered(answer, from, reason, checks);
    }

    /// The time until there is room.
    fn check_wait(&self, from: &str, missing: i64, answer: &[Sent<'_>], checks: &mut Checks) {
        let ticks = (missing + self.terms.fill - 1) / self.terms.fill.max(1);
        let wait = self.terms.tick * u32::try_from(ticks).unwrap_or(u32::MAX);
        let expected = format!("{wait:?}");
        for refusal in answer.iter().filter(|sent| sent.kind == "REFUSED") {
            let told = refusal.fields.get_text("wait").unwrap_or("nothing");
            checks.refusals.check(told == expected, || {
                format!("{from} was told to wait for {told}, and there is room after {expected}")
            });
        }
    }
}
