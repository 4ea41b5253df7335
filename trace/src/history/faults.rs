//! Faults injected into the network, recorded as spans of the laboratory.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use opentelemetry::KeyValue;
use opentelemetry::trace::{Span as _, Tracer as _};
use opentelemetry_proto::tonic::trace::v1::Span;
use serde::{Deserialize, Serialize};

use super::{CrashRecord, LossRecord, Mark, PartitionRecord, text, texts};
use crate::LABORATORY;
use crate::steps::{LOST, key};
use crate::telemetry::Tracer;

/// The name of the span that records the kill of a peer.
pub const KILL: &str = "kill";
/// The name of the span that records the restart of a peer after a crash.
pub const RESTART: &str = "restart";
/// The name of the span that records the cut of a link.
pub const CUT: &str = "cut";
/// The name of the span that records the begin of a partition.
pub const PARTITION: &str = "partition";
/// The name of the span that records that the run was cut short.
const UNFINISHED: &str = "unfinished";
/// The name of the span that records the healing of a link, or of a partition.
pub const HEAL: &str = "heal";

/// The attribute of these spans that names the peer. [`key::REMOTE`] names the other
/// end of a link.
pub const PEER: &str = "p2p.peer";
/// The attribute that says why a run was cut short.
const REASON: &str = "p2p.reason";
/// The attribute of a partition that lists the peers on one side.
pub const GROUP: &str = "p2p.group";
/// The attribute of a partition that lists the peers on the other side.
pub const OTHERS: &str = "p2p.others";

/// A fault, or its end. Peers are named as in the trace.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "action", rename_all = "lowercase", deny_unknown_fields)]
pub enum FaultAction {
    /// All processes stop taking steps.
    Pause {},
    /// All processes continue.
    Resume {},
    /// A peer stops.
    Kill {
        /// The peer.
        peer: String,
    },
    /// A peer restarts after a crash.
    Restart {
        /// The peer.
        peer: String,
    },
    /// Messages between two peers are held back.
    Cut {
        /// One end.
        peer: String,
        /// The other.
        other: String,
    },
    /// Messages between two peers are delivered again.
    Heal {
        /// One end.
        peer: String,
        /// The other.
        other: String,
    },
}

impl FaultAction {
    /// Its name in the trace, and the peers involved.
    pub fn parts(&self) -> (&'static str, [Option<&str>; 2]) {
        match self {
            Self::Pause {} => ("pause", [None, None]),
            Self::Resume {} => ("resume", [None, None]),
            Self::Kill { peer } => (KILL, [Some(peer), None]),
            Self::Restart { peer } => (RESTART, [Some(peer), None]),
            Self::Cut { peer, other } => (CUT, [Some(peer), Some(other)]),
            Self::Heal { peer, other } => (HEAL, [Some(peer), Some(other)]),
        }
    }
}

/// The crash of a peer that a span records, or its restart. `None` for any other span.
pub fn crash(service: &str, span: &Span) -> Option<(Arc<str>, Lifecycle)> {
    let happened = match span.name.as_str() {
        KILL => Lifecycle::Crash,
        RESTART => Lifecycle::Restart,
        _ => return None,
    };
    let peer = text(&span.attributes, PEER).filter(|_| service == LABORATORY)?;
    Some((peer.into(), happened))
}

/// Records faults as spans of the laboratory, whose tracer is made if there are any.
/// `marks` are those beside crashes and partitions, with their times.
///
/// `unfinished` is why the run was cut short, if it was, and when.
pub fn record(
    crashes: &[CrashRecord],
    partitions: &[PartitionRecord],
    marks: Vec<(u64, Mark)>,
    unfinished: Option<(u64, String)>,
    laboratory: impl FnOnce() -> Tracer,
) {
    if crashes.is_empty() && partitions.is_empty() && marks.is_empty() && unfinished.is_none() {
        return;
    }
    let tracer = laboratory();
    let time = |at| UNIX_EPOCH + Duration::from_nanos(at);
    if let Some((at, reason)) = unfinished {
        let builder = tracer.span_builder(UNFINISHED).with_start_time(time(at));
        let reason = [KeyValue::new(REASON, reason)];
        let mut span = builder.with_attributes(reason).start(&tracer);
        span.end_with_timestamp(time(at));
    }
    for crash in crashes {
        let peer = || crash.process.to_string();
        Mark::kill(peer()).record(&tracer, time(crash.at));
        if let Some(at) = crash.restarted {
            Mark::restart(peer()).record(&tracer, time(at));
        }
    }
    for partition in partitions {
        let sides = [partition.group.clone(), partition.others.clone()];
        Mark::separation(&sides, None, false).record(&tracer, time(partition.at));
        if let Some(at) = partition.healed {
            Mark::separation(&sides, None, true).record(&tracer, time(at));
        }
    }
    for (at, mark) in marks {
        mark.record(&tracer, time(at));
    }
}

/// What happened to a peer. Of one time, a restart comes before the next crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Lifecycle {
    /// It restarted after a crash.
    Restart,
    /// It stopped.
    Crash,
}

/// The crashes and restarts of a run, in any order.
#[derive(Debug, Default)]
pub(super) struct Crashes(Vec<(u64, Lifecycle, Arc<str>)>);

impl Crashes {
    pub(super) fn add(&mut self, (peer, happened): (Arc<str>, Lifecycle), at: u64) {
        self.0.push((at, happened, peer));
    }

    /// Each crash with the restart that follows it.
    pub(super) fn pair(mut self) -> Vec<CrashRecord> {
        self.0.sort_unstable();
        let mut crashes = Vec::<CrashRecord>::new();
        for (at, happened, process) in self.0 {
            let down =
                |crash: &&mut CrashRecord| crash.process == process && crash.restarted.is_none();
            match (happened, crashes.iter_mut().rfind(down)) {
                (Lifecycle::Crash, _) => crashes.push(CrashRecord {
                    process,
                    at,
                    restarted: None,
                }),
                (Lifecycle::Restart, Some(crash)) => crash.restarted = Some(at),
                (Lifecycle::Restart, None) => {}
            }
        }
        crashes
    }
}

/// The two sides that a partition separates.
pub type Sides = [Vec<Arc<str>>; 2];

/// Why the run was cut short, if a span records that.
pub(super) fn unfinished(service: &str, span: &Span) -> Option<String> {
    let is_it = span.name == UNFINISHED && service == LABORATORY;
    is_it.then(|| text(&span.attributes, REASON).map(str::to_owned))?
}

/// The message that a span records as lost, by its sender.
pub(super) fn loss(service: &str, span: &Span) -> Option<LossRecord> {
    let kind = span.name.strip_prefix(LOST)?;
    let reason = span.status.as_ref()?.message.clone();
    Some(LossRecord {
        from: service.into(),
        to: text(&span.attributes, key::REMOTE)?.into(),
        kind: kind.to_owned(),
        at: span.start_time_unix_nano,
        reason,
    })
}

/// The partition that a span records, or the cut of a link, and whether the span is its
/// end. `None` for any other span.
pub fn separation(service: &str, span: &Span) -> Option<(Sides, bool)> {
    if !matches!(span.name.as_str(), CUT | PARTITION | HEAL) || service != LABORATORY {
        return None;
    }
    let ends = [PEER, key::REMOTE].map(|name| text(&span.attributes, name));
    let sides = match ends {
        // A link may be cut from one end and healed from the other.
        [Some(peer), Some(other)] => [peer.min(other), peer.max(other)].map(|end| vec![end.into()]),
        _ => [
            texts(&span.attributes, GROUP)?,
            texts(&span.attributes, OTHERS)?,
        ],
    };
    Some((sides, span.name == HEAL))
}

/// The partitions of a run and their ends, in any order.
#[derive(Debug, Default)]
pub struct Partitions(Vec<(u64, bool, Sides)>);

impl Partitions {
    /// Adds the begin of a partition, or its end.
    pub fn add(&mut self, (sides, ends): (Sides, bool), at: u64) {
        self.0.push((at, !ends, sides));
    }

    /// Each partition with the end that follows it. Of one time, an end comes before the
    /// next begin.
    pub fn pair(mut self) -> Vec<PartitionRecord> {
        self.0.sort_unstable();
        let mut partitions = Vec::<PartitionRecord>::new();
        for (at, begins, [group, others]) in self.0 {
            if begins {
                partitions.push(PartitionRecord {
                    group,
                    others,
                    at,
                    healed: None,
                });
                continue;
            }
            let open = |one: &&mut PartitionRecord| {
                one.healed.is_none() && one.group == group && one.others == others
            };
            if let Some(partition) = partitions.iter_mut().rfind(open) {
                partition.healed = Some(at);
            }
        }
        partitions
    }
}

/// The fault that a span records: a link cut or healed, or a peer killed or restarted. `None` for any
/// other span.
pub fn fault(service: &str, span: &Span) -> Option<FaultAction> {
    if service != LABORATORY {
        return None;
    }
    let text = |name: &str| text(&span.attributes, name).map(str::to_owned);
    Some(match span.name.as_str() {
        KILL => FaultAction::Kill { peer: text(PEER)? },
        RESTART => FaultAction::Restart { peer: text(PEER)? },
        CUT => FaultAction::Cut {
            peer: text(PEER)?,
            other: text(key::REMOTE)?,
        },
        HEAL => FaultAction::Heal {
            peer: text(PEER)?,
            other: text(key::REMOTE)?,
        },
        _ => return None,
    })
}
