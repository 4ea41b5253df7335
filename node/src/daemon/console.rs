//! Carries out the commands of standard input, one line after the other, and answers
//! each with a line on standard output.

use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};
use trace::telemetry::Tracer;

use super::commands::{Command, Data, Request};
use super::lines::{self, Line};
use super::node::Node;
use crate::gossip;
use crate::lookup::{self, Found, Lookup};

/// How long a command waits for a neighbour: a dialled peer has to announce its
/// protocols and subscriptions first. A guess.
const PATIENCE: Duration = Duration::from_secs(10);

/// The polling interval.
const PAUSE: Duration = Duration::from_millis(50);

/// Executes commands on the peer.
pub(super) struct Console {
    pub(super) node: Node,
    pub(super) tracer: Option<Tracer>,
    pub(super) answers: mpsc::Sender<String>,
}

impl Console {
    /// Returns at the end of standard input, when all commands are answered.
    pub(super) async fn run(&self) {
        let mut lines = lines::input();
        while let Some(line) = lines.recv().await {
            let answer = self.answer(line).await;
            // An error means that standard output is closed.
            let _ = self.answers.send(answer).await;
        }
    }

    async fn answer(&self, line: Line) -> String {
        let request = match line {
            Ok(line) => Request::parse(&line),
            Err(why) => Request {
                id: None,
                command: Err(why.into()),
            },
        };
        let mut answer = Map::new();
        if let Some(id) = request.id {
            answer.insert("id".into(), id);
        }
        let result = match request.command {
            Ok(command) => {
                answer.insert("do".into(), command.name().into());
                self.carry_out(&command).await
            }
            Err(why) => Err(why),
        };
        answer.insert("ok".into(), result.is_ok().into());
        match result {
            Ok(found) => answer.extend(found),
            Err(why) => drop(answer.insert("error".into(), why.into())),
        }
        Value::from(answer).to_string()
    }

    async fn carry_out(&self, command: &Command) -> Result<Map<String, Value>, String> {
        match (command, command.lookup()) {
            (Command::Publish { topic, data }, _) => {
                let published = self.publish(topic, &data.0).await;
                published.map_err(|error| error.to_string())?;
                Ok(Map::new())
            }
            (Command::Ping { peer }, _) => self.node.ping(peer).await,
            (Command::Peers {}, _) => self.node.peers().await,
            (Command::Send { peer, data }, _) => self.node.send(peer, data.0.clone()).await,
            (_, Some(lookup)) => {
                let found = self.look_up(command.name(), lookup.clone()).await;
                let found = found.map_err(|error| error.to_string())?;
                Ok(fields(&lookup, found))
            }
            (_, None) => Err("nothing to do".into()),
        }
    }

    /// Publishes as soon as a neighbour has subscribed.
    async fn publish(&self, topic: &str, data: &[u8]) -> Result<(), gossip::Error> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let published = self.node.handle().publish(topic, data.to_vec()).await;
            match published {
                Err(gossip::Error::NobodyThere) if Instant::now() < deadline => sleep(PAUSE).await,
                result => return result,
            }
        }
    }

    /// Starts the lookup when the routing table has a peer, when no peer is connected,
    /// or after [`PATIENCE`].
    async fn look_up(&self, name: &'static str, lookup: Lookup) -> Result<Found, lookup::Error> {
        let deadline = Instant::now() + PATIENCE;
        while self.node.handle().connected() > 0
            && self
                .node
                .handle()
                .table()
                .await
                .is_some_and(|table| table.peers == 0)
            && Instant::now() < deadline
        {
            sleep(PAUSE).await;
        }
        match &self.tracer {
            Some(tracer) => lookup::traced(self.node.handle(), tracer, name, lookup).await,
            None => self.node.handle().look_up(lookup).await,
        }
    }
}

/// The result of a lookup as fields of its answer.
fn fields(lookup: &Lookup, found: Found) -> Map<String, Value> {
    let peers = || -> Value { found.peers.iter().map(ToString::to_string).collect() };
    let (name, value) = match lookup {
        Lookup::Put { .. } => ("copies", json!(found.copies)),
        Lookup::Get { .. } => ("from", peers()),
        Lookup::Provide { .. } => ("answers", json!(found.answers)),
        Lookup::Providers { .. } => ("providers", peers()),
        Lookup::Closest { .. } => ("peers", peers()),
    };
    let mut fields = Map::from_iter([
        (name.to_owned(), value),
        ("requests".to_owned(), json!(found.requests)),
        ("answers".to_owned(), json!(found.answers)),
        ("hops".to_owned(), json!(found.hops)),
        ("seconds".to_owned(), json!(found.took.as_secs_f64())),
    ]);
    if let Some(value) = found.value {
        fields.insert("value".into(), json!(Data(value)));
    }
    fields
}

/// The line of a gossipsub message on standard output.
pub(super) fn event(delivery: gossip::Delivery) -> String {
    json!({
        "event": "message",
        "topic": delivery.topic,
        "from": delivery.from.map(|peer| peer.to_string()),
        "via": delivery.via.to_string(),
        "data": Data(delivery.data),
    })
    .to_string()
}
