//! Reports the messages that gossipsub delivers and the copies that it drops.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use super::console::event;
use crate::gossip::{Delivery, Watch};

/// How many messages may wait to be printed. Each may have 1 MiB.
pub(super) const ROOM: usize = 16;

/// The interval between reports of drops, however many there are.
const PAUSE: Duration = Duration::from_secs(1);

/// Sends messages to `events`, if it is given, and warns of copies that libp2p has
/// dropped. Runs until it is aborted: `watch` keeps `deliveries` open.
pub(super) async fn report(
    watch: Watch,
    mut deliveries: mpsc::Receiver<Delivery>,
    events: Option<mpsc::Sender<String>>,
) {
    let mut reported = watch.counts().now();
    let mut pace = interval(PAUSE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            delivery = deliveries.recv() => match (delivery, &events) {
                // An error means that standard output is closed.
                (Some(delivery), Some(events)) => drop(events.send(event(delivery)).await),
                (Some(_), None) => {}
                (None, _) => return,
            },
            _ = pace.tick() => {
                let now = watch.counts().now();
                let new = now.clone() - &reported;
                reported = now;
                for (peer, copies) in new.given_up {
                    tracing::warn!(
                        %peer, copies,
                        "gossipsub dropped copies of messages, since the peer takes them too slowly; \
                         --queue gives it more time"
                    );
                }
                if new.missed > 0 && events.is_some() {
                    tracing::warn!(
                        messages = new.missed,
                        "messages were not printed, since standard output takes them too slowly"
                    );
                }
            }
        }
    }
}
