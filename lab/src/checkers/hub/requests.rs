//! What a hub does for those who are registered.

use std::collections::BTreeSet;
use std::sync::Arc;

use algorithms::Fields;
use trace::steps::MessageRecord;

use super::book::Book;
use super::proof::place;
use super::{Checks, Sent};

/// The place that a message names.
pub(super) fn target_of(fields: &Fields) -> u64 {
    let target = fields.get_text("target").unwrap_or_default();
    u64::from_str_radix(target, 16).unwrap_or_default()
}

impl Book<'_> {
    pub(super) fn asked_for_nearest(
        &mut self,
        from: &Arc<str>,
        find: &Fields,
        answer: &[Sent<'_>],
        checks: &mut Checks,
    ) {
        let is_there = self.registered.contains_key(from);
        let target = target_of(find);
        let other = self.terms.others(self.hub, target).first().copied();
        let own = place(self.hub) ^ target;
        let asks = other.filter(|hub| place(hub) ^ target < own && !self.is_full_for(from));
        for sent in answer {
            match sent.kind {
                "NEIGHBOURS" => {
                    checks.unregistered.check(is_there, || {
                        format!("{from} is told of others, and has no session")
                    });
                    checks.nearest.check(asks.is_none(), || {
                        format!("{from} looks for {target:016x}, and {asks:?} was not asked")
                    });
                    self.check_nearest((from, target), &[], sent, checks);
                }
                "LOOK" => {
                    checks.unregistered.check(is_there, || {
                        format!("{asks:?} is asked for {from}, which has no session")
                    });
                    let is_right = asks == Some(&**sent.to) && target_of(sent.fields) == target;
                    checks.nearest.check(is_right, || {
                        let to = sent.to;
                        format!(
                            "{to} was asked for {from}, and {asks:?} is nearer to {target:016x}"
                        )
                    });
                    let number = find.get_integer("number").unwrap_or(-1);
                    self.looks(from, (number, target), sent, checks);
                }
                _ => {}
            }
        }
        Self::answered(answer, from, (!is_there).then_some("unregistered"), checks);
    }

    /// The registered peers that are the nearest to the target, and those of the others that
    /// are.
    fn nearest(&self, target: u64, others: &[Arc<str>]) -> Vec<Arc<str>> {
        let own = self.registered.keys().cloned();
        let all: BTreeSet<_> = own.chain(others.iter().cloned()).collect();
        let mut all: Vec<_> = all.into_iter().collect();
        all.sort_by_cached_key(|peer| place(peer) ^ target);
        all.truncate(self.terms.nearest);
        all
    }

    /// Whether these are the nearest.
    pub(super) fn check_nearest(
        &self,
        (to, target): (&str, u64),
        others: &[Arc<str>],
        sent: &Sent<'_>,
        checks: &mut Checks,
    ) {
        let told = sent.fields.get_list("nodes").unwrap_or_default();
        let nearest = self.nearest(target, others);
        checks.nearest.check(told == nearest, || {
            format!("{to} was told of {told:?}, and the nearest to {target:016x} are {nearest:?}")
        });
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
        let is_here = self.registered.contains_key(to);
        let reason = if !self.registered.contains_key(from) {
            Some("unregistered")
        } else if to == &**from || !is_here && self.terms.hubs.len() < 2 {
            Some("unknown_receiver")
        } else if !is_here && self.is_full_for(from) {
            Some("full")
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
        for sent in answer.iter().filter(|sent| sent.kind == "HAND_OVER") {
            let is_paid = reason.is_none() && !is_here;
            checks.handing.check(is_paid, || {
                let why = reason.unwrap_or("the receiver is here");
                format!(
                    "{bytes} bytes of {from} were handed over to {}: {why}",
                    sent.to
                )
            });
            self.spent.insert(Arc::clone(from), spent);
            self.hands_over(from, message, sent, checks);
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
        self.check_time(from, ticks, answer, checks);
    }

    /// It is told that it is so many ticks.
    pub(super) fn check_time(
        &self,
        from: &str,
        ticks: i64,
        answer: &[Sent<'_>],
        checks: &mut Checks,
    ) {
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
