//! Faults injected into the network, recorded as spans of the laboratory.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use opentelemetry::KeyValue;
use opentelemetry::trace::{Span as _, Tracer as _};
use opentelemetry_proto::tonic::trace::v1::Span;
use serde::{Deserialize, Serialize};

use super::{CrashRecord, text};
use crate::LABORATORY;
use crate::steps::key;
use crate::telemetry::Tracer;

/// The name of the span that records the kill of a peer.
pub const KILL: &str = "kill";
/// The name of the span that records the restart of a peer after a crash.
pub const RESTART: &str = "restart";
/// The name of the span that records the cut of a link.
pub const CUT: &str = "cut";
/// The name of the span that records the healing of a link.
pub const HEAL: &str = "heal";

/// The attribute of these spans that names the peer. [`key::REMOTE`] names the other
/// end of a link.
pub const PEER: &str = "p2p.peer";

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

/// Records crashes as spans of the laboratory, whose tracer is made if there are any.
pub fn record(crashes: &[CrashRecord], laboratory: impl FnOnce() -> Tracer) {
    if crashes.is_empty() {
        return;
    }
    let tracer = laboratory();
    let record = |name, process: &Arc<str>, at| {
        let time = UNIX_EPOCH + Duration::from_nanos(at);
        let builder = tracer.span_builder(name).with_start_time(time);
        let peer = KeyValue::new(PEER, Arc::clone(process));
        let mut span = builder.with_attributes([peer]).start(&tracer);
        span.end_with_timestamp(time);
    };
    for crash in crashes {
        record(KILL, &crash.process, crash.at);
        if let Some(at) = crash.restarted {
            record(RESTART, &crash.process, at);
        }
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
