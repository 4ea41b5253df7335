//! How many operations were carried out in a time, and how long each took.

use std::collections::BTreeMap;
use std::time::Duration;

use trace::history::OperationRecord;

use crate::stats::{Measure, Times};

/// The name of the rate.
const THROUGHPUT: &str = "operations a second";

/// Measures of operations: the latency of those of each name, and the throughput, which is
/// the number of answered operations by the time from the first invocation to the last
/// answer. Operations without an answer are counted beside, as missing.
///
/// An operation that was [refused](super::Answer::Refused) was not carried out: leave it
/// out.
pub fn throughput<'a>(
    operations: impl IntoIterator<Item = &'a OperationRecord<'a>>,
) -> Vec<Measure> {
    let mut by_name = BTreeMap::<_, (Times, u64)>::new();
    let (mut first, mut last) = (u64::MAX, 0);
    for OperationRecord {
        request,
        invoked,
        answer,
        ..
    } in operations
    {
        let (times, unanswered) = by_name.entry(request.operation.as_ref()).or_default();
        first = first.min(*invoked);
        match answer {
            Some(answer) => {
                last = last.max(answer.at);
                times.record(Duration::from_nanos(answer.at.saturating_sub(*invoked)));
            }
            None => *unanswered += 1,
        }
    }
    let all = by_name.iter();
    let mut measures: Vec<_> = all
        .map(|(name, (times, unanswered))| Measure::times(name, times.summary(), *unanswered))
        .collect();
    if !measures.is_empty() {
        let answered = measures.iter().map(|measure| measure.count).sum();
        let unanswered = measures.iter().map(|measure| measure.lost).sum();
        let took = Duration::from_nanos(last.saturating_sub(first));
        measures.push(Measure::rate(THROUGHPUT, took, answered, unanswered));
    }
    measures
}
