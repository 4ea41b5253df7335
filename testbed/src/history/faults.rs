//! What was done to the network, as spans of the laboratory's own tell of it.

use node::steps::key;
use opentelemetry_proto::tonic::trace::v1::Span;

use super::text;
use crate::control::{CUT, HEAL, KILL, PEER, Press};
use crate::network::LABORATORY;

/// The links that are cut and healed, and the peers that are killed. `None` for
/// a span that tells of something else.
pub(crate) fn fault(service: &str, span: &Span) -> Option<Press> {
    if service != LABORATORY {
        return None;
    }
    let text = |name: &str| text(&span.attributes, name).map(str::to_owned);
    Some(match span.name.as_str() {
        KILL => Press::Kill { peer: text(PEER)? },
        CUT => Press::Cut {
            peer: text(PEER)?,
            other: text(key::REMOTE)?,
        },
        HEAL => Press::Heal {
            peer: text(PEER)?,
            other: text(key::REMOTE)?,
        },
        _ => return None,
    })
}
