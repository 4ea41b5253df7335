//! The peers of a run: the addresses of its own, and which others connected.

use std::sync::Arc;

use node::admission::{Admission, Guests, Tally, Visitors};
use node::{Multiaddr, PeerId};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

/// The addresses of the peers of a run, and which others connected to them. While the
/// run goes on, the figures of other peers are current.
#[derive(Clone, Debug, Default)]
pub struct Membership {
    /// Full addresses, by the number of the peer; empty if other programs cannot reach
    /// them.
    pub addresses: Vec<Multiaddr>,
    /// The admitted peers, once they start.
    pub admission: Option<Arc<Admission>>,
}

impl Membership {
    /// The peers of other programs that connected or were refused.
    pub fn visitors(&self) -> Visitors {
        let admission = self.admission.as_ref();
        admission.map_or_else(Visitors::default, |admission| admission.visitors())
    }

    /// Whether peers of other programs took part.
    pub fn has_guests(&self) -> bool {
        self.visitors().guests.connections > 0
    }

    /// Why apparent violations are uncertain: guests took part.
    pub fn doubt(&self) -> Option<String> {
        let guests = self.visitors().guests;
        (guests.connections > 0)
            .then(|| format!("guests took part, of which nothing is recorded: {guests}"))
    }

    /// Lines of text, each with its line end; empty if no other peers came.
    pub fn text(&self) -> String {
        let Visitors {
            guests,
            refused,
            messages,
            dropped,
        } = self.visitors();
        let mut text = String::new();
        if guests.connections > 0 {
            text += &format!("guests            {guests}; {messages} of their messages handled");
            if dropped > 0 {
                text += &format!(", {dropped} dropped");
            }
            text.push('\n');
        }
        if refused.connections > 0 {
            text +=
                &format!("refused           {refused}: not of this run (--guests admits them)\n");
        }
        text
    }
}

/// `addresses`, `guests` and `refused`, in one object.
impl Serialize for Membership {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let visitors = self.visitors();
        let admitted = match self.admission.as_ref().map(|admission| admission.guests()) {
            None | Some(Guests::None) => json!([]),
            Some(Guests::Named(peers)) => peers.iter().map(PeerId::to_string).collect(),
            Some(Guests::Any) => json!("any"),
        };
        let addresses = self.addresses.iter().map(Multiaddr::to_string);
        let all = json!({
            "addresses": addresses.collect::<Value>(),
            "guests": {
                "admitted": admitted,
                "connections": visitors.guests.connections,
                "peers": peers(&visitors.guests),
                "messages": visitors.messages,
                "dropped": visitors.dropped,
            },
            "refused": {
                "connections": visitors.refused.connections,
                "peers": peers(&visitors.refused),
            },
        });
        all.serialize(serializer)
    }
}

/// The peers that are named, with their connections.
fn peers(tally: &Tally) -> Value {
    let peers = tally.peers.iter();
    let peers = peers.map(|(peer, count)| (peer.to_string(), json!(count)));
    Value::Object(peers.collect())
}
