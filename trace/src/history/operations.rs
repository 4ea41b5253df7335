//! The operations of clients: what was asked of a process and what it answered, as
//! intervals of time.

use std::sync::Arc;

use algorithms::Fields;

use super::History;
use crate::steps::{Event, RequestRecord};

/// An operation of a client. Times are in nanoseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperationRecord<'a> {
    /// The process that was asked.
    pub process: &'a Arc<str>,
    /// The number of the step in which it took the request.
    pub step: u64,
    /// What was asked.
    pub request: &'a RequestRecord,
    /// When the process took the request.
    pub invoked: u64,
    /// Its answer. An operation without one may have taken effect, or may still.
    pub answer: Option<AnswerRecord<'a>>,
}

/// The output that answers an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerRecord<'a> {
    /// When the step began that made it.
    pub at: u64,
    /// Its kind.
    pub kind: &'a str,
    /// Its fields.
    pub fields: &'a Fields,
}

impl History {
    /// The operations of clients, in the order of their invocations.
    ///
    /// `answers` says whether an output of a process, of that kind and with those fields,
    /// answers that request of it. An output answers the oldest open operation for which it
    /// does. A process that restarts without its memory answers none of the operations that
    /// were open.
    ///
    /// A request that no process took is no operation: it had no effect.
    pub fn operations(
        &self,
        mut answers: impl FnMut(&RequestRecord, &str, &Fields) -> bool,
    ) -> Vec<OperationRecord<'_>> {
        let mut all = Vec::new();
        for (process, steps) in &self.processes {
            let mut open = Vec::<usize>::new();
            for step in steps {
                if step.restarts {
                    open.clear();
                }
                if let Some(request) = &step.request {
                    open.push(all.len());
                    all.push(OperationRecord {
                        process,
                        step: step.number,
                        request,
                        invoked: step.at_unix_nano,
                        answer: None,
                    });
                }
                for event in &step.events {
                    let Event::Output { kind, fields } = event else {
                        continue;
                    };
                    let mut places = open.iter();
                    let place = places.position(|at| answers(all[*at].request, kind, fields));
                    if let Some(place) = place {
                        all[open.remove(place)].answer = Some(AnswerRecord {
                            at: step.at_unix_nano,
                            kind,
                            fields,
                        });
                    }
                }
            }
        }
        // Stable: the operations of one process stay in the order of its steps.
        all.sort_by_key(|operation| operation.invoked);
        all
    }
}

#[cfg(test)]
mod tests {
    use algorithms::Field;

    use super::*;
    use crate::steps::StepRecord;

    fn id(id: i64) -> Fields {
        [("id".into(), Field::Integer(id))].into_iter().collect()
    }

    fn asks(number: i64) -> StepRecord {
        StepRecord {
            request: Some(RequestRecord {
                operation: "read".into(),
                fields: id(number),
            }),
            ..StepRecord::default()
        }
    }

    fn answers(number: i64) -> StepRecord {
        StepRecord {
            events: vec![Event::Output {
                kind: "Value".into(),
                fields: id(number),
            }],
            ..StepRecord::default()
        }
    }

    fn history(processes: Vec<(&str, Vec<StepRecord>)>) -> History {
        let number = |(number, step): (u64, StepRecord)| StepRecord {
            number: number + 1,
            at_unix_nano: 10 * (number + 1),
            ..step
        };
        let processes = processes.into_iter().map(|(name, steps)| {
            let steps = (0..).zip(steps).map(number);
            (name.into(), steps.collect())
        });
        History {
            processes: processes.collect(),
            ..History::default()
        }
    }

    type Interval<'a> = (&'a str, Option<i64>, u64, Option<u64>);

    /// Each operation: its process, its id, when it was asked and answered.
    fn intervals(
        history: &History,
        matches: impl Fn(&RequestRecord, &str, &Fields) -> bool,
    ) -> Vec<Interval<'_>> {
        let all = history.operations(matches).into_iter();
        all.map(|one| {
            (
                &**one.process,
                one.request.fields.get_integer("id"),
                one.invoked,
                one.answer.map(|answer| answer.at),
            )
        })
        .collect()
    }

    #[test]
    fn answers_complete_the_oldest_operation_that_they_match() {
        let run = history(vec![
            ("a", vec![asks(1), asks(2), answers(2), answers(1)]),
            ("b", vec![answers(1), asks(3), answers(3), answers(3)]),
        ]);
        let by_id = |asked: &RequestRecord, _: &str, said: &Fields| asked.fields == *said;
        assert_eq!(
            intervals(&run, by_id),
            [
                ("a", Some(1), 10, Some(40)),
                ("a", Some(2), 20, Some(30)),
                ("b", Some(3), 20, Some(30)),
            ]
        );
        let in_order = |_: &RequestRecord, kind: &str, _: &Fields| kind == "Value";
        assert_eq!(
            intervals(&run, in_order),
            [
                ("a", Some(1), 10, Some(30)),
                ("a", Some(2), 20, Some(40)),
                ("b", Some(3), 20, Some(30)),
            ]
        );
    }

    #[test]
    fn operations_that_a_crash_forgets_stay_open() {
        let restarts = StepRecord {
            restarts: true,
            ..StepRecord::default()
        };
        let run = history(vec![("a", vec![asks(1), restarts, asks(2), answers(2)])]);
        let in_order = |_: &RequestRecord, kind: &str, _: &Fields| kind == "Value";
        assert_eq!(
            intervals(&run, in_order),
            [("a", Some(1), 10, None), ("a", Some(2), 30, Some(40))]
        );
    }
}
