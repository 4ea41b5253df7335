//! How epochs spread, and what ends with them.

use super::{Certificate, Epoch, Membership, Message, Output, Reason};
use crate::{NodeId, Out};

impl Membership {
    /// Takes an epoch if it is newer, passes it on, and expels those whose certificates have ended.
    pub(super) fn on_epoch(&mut self, from: NodeId, epoch: Epoch, out: &mut Out<Self>) {
        let why = match epoch.number.cmp(&self.number()) {
            std::cmp::Ordering::Less => Some(Reason::Older),
            // It has come over several links.
            std::cmp::Ordering::Equal => return,
            std::cmp::Ordering::Greater => {
                (!epoch.is_signed(&self.config.key)).then_some(Reason::Signature)
            }
        };
        match why {
            Some(why) => out.output(Output::Refused {
                neighbour: from,
                why,
            }),
            None => self.begin_epoch(from, epoch, out),
        }
    }

    pub(super) fn begin_epoch(&mut self, from: NodeId, epoch: Epoch, out: &mut Out<Self>) {
        out.output(Output::Configured {
            epoch: epoch.number,
            settings: epoch.settings,
        });
        let others = self.trusted.keys().copied().filter(|to| *to != from);
        out.broadcast(others, &Message::Epoch(epoch.clone()));
        self.epoch = Some(epoch);
        out.persist();
        let number = self.number();
        self.trusted
            .retain(|neighbour, &mut Certificate { until, .. }| {
                let holds = until >= number;
                if !holds {
                    let neighbour = *neighbour;
                    out.output(Output::Expelled { neighbour, until });
                }
                holds
            });
        self.renew(out);
    }
}
