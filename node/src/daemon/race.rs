//! The race of the ways to another peer, as RFC 8305 ("Happy Eyeballs") races addresses.
//!
//! - *direct*: the hub passes a CALL on, the other peer answers with its addresses, and they are
//!   dialled from a port of its own;
//! - *reversed*: the other peer is asked to dial back, when the direct way has failed or has
//!   had its head start, which follows from how long the answer has taken;
//! - *relayed*: from the beginning, over the hub;
//! - *punched*: DCUtR begins as soon as the relayed connection stands.
//!
//! The first direct connection wins. Where none stands after a while, the relayed one is used.

use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use algorithms::hub;
use futures::future::{Either, join, select};
use libp2p::{Multiaddr, PeerId};
use opentelemetry::Context;
use proto::Bytes;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use super::algorithm::Either as Said;
use super::asking::Asking;
use super::hubs::Hubs;
use super::spans::Spans;
use crate::reach::{Card, How, Way};

/// How long the direct way is tried at most before the reversed one is: RFC 8305 has 250 ms.
const LONGEST_HEAD_START: Duration = Duration::from_millis(200);

/// And at least: its section 8.
const SHORTEST_HEAD_START: Duration = Duration::from_millis(10);

/// How long a direct connection is waited for while there is a relayed one. A guess: DCUtR
/// takes some eight round trips, and its first attempt is nearly always the one that succeeds.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);

/// How long the other peer may take to answer with its addresses. A guess.
const ANSWER: Duration = Duration::from_secs(3);

/// A way that was tried.
#[derive(Clone, Debug)]
pub(super) struct Leg {
    pub(super) way: Way,
    pub(super) began: Instant,
    pub(super) ended: Option<Instant>,
    /// What came of it; empty while it is tried.
    pub(super) outcome: String,
}

/// How a peer was reached.
#[derive(Debug)]
pub(super) struct Through {
    /// Why not, if it was not.
    pub(super) way: Result<Way, String>,
    pub(super) took: Duration,
    /// When the relayed connection stood.
    pub(super) relayed: Option<Duration>,
    pub(super) legs: Vec<Leg>,
}

/// A race for a connection.
pub(super) struct Race<'a> {
    pub(super) asking: &'a Asking,
    pub(super) hubs: &'a Hubs,
    pub(super) peer: PeerId,
    pub(super) spans: &'a Spans,
    /// The operation that the race is part of.
    pub(super) context: Context,
}

/// What a leg that has reached the peer has for an outcome.
pub(super) const CONNECTED: &str = "connected";

/// Where the other peer is, and whether dialling it has failed.
#[derive(Clone, Debug, Default)]
struct Known {
    card: Card,
    /// Whether it has answered with it.
    is_told: bool,
    /// How long its answer has taken: two round trips, by way of the hub.
    answered_after: Duration,
    failed: bool,
}

impl Race<'_> {
    /// Runs it. A peer that is connected directly is reached already.
    pub(super) async fn run(self) -> Through {
        let begun = Instant::now();
        let legs = Legs::default();
        let context = self.spans.begin("connect", self.peer, &self.context);
        let way = self.won(&legs, &context).await;
        let now = Instant::now();
        let legs = legs.end(way.as_ref().ok().copied(), now);
        for leg in &legs {
            self.spans.leg(leg, &context);
        }
        self.spans.end_connect(&context, &way);
        let stood = |leg: &&Leg| leg.way == Way::Relayed && leg.outcome == CONNECTED;
        let relayed = legs.iter().find(stood).and_then(|leg| leg.ended);
        Through {
            relayed: relayed.map(|stood| stood - begun),
            way,
            took: now - begun,
            legs,
        }
    }

    async fn won(&self, legs: &Legs, context: &Context) -> Result<Way, String> {
        let handle = self.asking.driver().handle();
        let (known, card) = watch::channel(Known::default());
        let reversed = self.reversed(legs, context, card.clone());
        let others = pin!(join(self.direct(legs, context, known), reversed));
        let relayed = pin!(self.relayed(legs, card.clone()));
        let all = async {
            match select(relayed, others).await {
                Either::Left((true, _)) => {}
                Either::Left((false, others)) => drop(others.await),
                Either::Right((_, relayed)) => drop(relayed.await),
            }
        };
        let is_direct = |how: Option<&How>| how.is_some_and(|how| *how != How::Relayed);
        let way = |how: How| how.way(&card.borrow().card.addresses);
        tokio::select! {
            biased;
            how = handle.wait_how(self.peer, is_direct) => {
                how.flatten().map(way).ok_or_else(|| "the peer has stopped".to_owned())
            }
            () = all => handle.how(self.peer).await.map(way).ok_or_else(|| legs.why()),
        }
    }

    /// Ends when the dial has failed.
    async fn direct(&self, legs: &Legs, context: &Context, known: watch::Sender<Known>) {
        let leg = legs.begin(Way::Direct);
        let asked = Instant::now();
        match self.card(context).await {
            Ok(card) => {
                let addresses = card.addresses.clone();
                known.send_modify(|known| {
                    known.card = card;
                    known.is_told = true;
                    known.answered_after = asked.elapsed();
                });
                if addresses.is_empty() {
                    legs.ended(leg, "the other peer knows no address");
                    return known.send_modify(|known| known.failed = true);
                }
                let handle = self.asking.driver().handle();
                let reached = handle.reach(self.peer, addresses).await;
                legs.ended(leg, &reached.err().unwrap_or_else(|| CONNECTED.into()));
            }
            Err(why) => legs.ended(leg, &why),
        }
        known.send_modify(|known| known.failed = true);
    }

    /// Asks the other peer for its addresses.
    async fn card(&self, context: &Context) -> Result<Card, String> {
        let own = self.own_card().await;
        let call = hub::Command::Call(self.peer.to_string(), own, ANSWER);
        match self.ask("call", call, context).await? {
            hub::Output::Answered { data, .. } => Ok(Card::from_bytes(&data)),
            hub::Output::Late { .. } => Err("it has not answered the hub".into()),
            said => Err(refusal(&said)),
        }
    }

    /// Ends when a connection does not come any more.
    async fn reversed(&self, legs: &Legs, context: &Context, mut card: watch::Receiver<Known>) {
        let known = card.wait_for(|known| known.failed || known.is_told);
        let Ok(answered_after) = known.await.map(|known| known.answered_after) else {
            return;
        };
        let failed = card.wait_for(|known| known.failed);
        // Either is the time to begin.
        let _ = timeout(head_start(answered_after), failed).await;
        let leg = legs.begin(Way::Reversed);
        let own = self.own_card().await;
        let reverse = hub::Command::Reverse(self.peer.to_string(), own);
        match self.ask("reverse", reverse, context).await {
            Ok(hub::Output::Reversed { .. }) => {
                sleep(PATIENCE).await;
                legs.ended(leg, "no connection came");
            }
            Ok(said) => legs.ended(leg, &refusal(&said)),
            Err(why) => legs.ended(leg, &why),
        }
    }

    /// Whether there is a relayed connection. If so, a hole is punched meanwhile.
    async fn relayed(&self, legs: &Legs, card: watch::Receiver<Known>) -> bool {
        let leg = legs.begin(Way::Relayed);
        let circuits = self.circuits(card).await;
        let handle = self.asking.driver().handle();
        let reached = handle.reach(self.peer, circuits).await;
        let stands = handle.how(self.peer).await.is_some();
        match reached {
            Err(why) if !stands => {
                legs.ended(leg, &why);
                return false;
            }
            _ => legs.ended(leg, CONNECTED),
        }
        let leg = legs.begin(Way::Punched);
        sleep(PATIENCE).await;
        legs.ended(leg, "no hole in time");
        true
    }

    /// Where there are several hubs, the other peer's answer says over which it is reached. That
    /// hub then knows of this peer, since it has passed the question on.
    async fn circuits(&self, mut card: watch::Receiver<Known>) -> Vec<Multiaddr> {
        if self.hubs.is_one() {
            return self.hubs.circuits(|_| true);
        }
        let known = card.wait_for(|known| known.failed || known.is_told).await;
        let named = known.map(|known| known.card.hubs.clone());
        let named = named.unwrap_or_default();
        self.hubs
            .circuits(|hub| named.is_empty() || named.contains(&hub))
    }

    async fn own_card(&self) -> Bytes {
        let card = self.asking.driver().handle().card().await;
        card.unwrap_or_default().to_bytes()
    }

    /// Asks the hub, as a span of its own.
    async fn ask(
        &self,
        name: &'static str,
        command: hub::Command,
        context: &Context,
    ) -> Result<hub::Output, String> {
        let span = self.spans.begin(name, self.peer, context);
        let said = timeout(ANSWER, self.asking.ask(Said::Hub(command), span.clone())).await;
        self.spans.end(&span);
        match said {
            Ok(Some(Said::Hub(said))) => Ok(said),
            Ok(_) => Err("the peer has stopped".into()),
            Err(_) => Err("the hub has not answered in time".into()),
        }
    }
}

/// How long the direct way is tried before the reversed one is, where the answer with the
/// addresses has taken so long. A dial over TCP has three to four round trips. A fixed time
/// would be longer than a hole takes where peers are near, and the hole would win.
fn head_start(answered_after: Duration) -> Duration {
    (answered_after * 2).clamp(SHORTEST_HEAD_START, LONGEST_HEAD_START)
}

/// In words.
pub(super) fn refusal(said: &hub::Output) -> String {
    match said {
        hub::Output::Refused { code, .. } => match code {
            hub::Code::UnknownReceiver => "the hub knows no such peer".into(),
            hub::Code::Ration { wait } => {
                format!("the ration of the hub is used up; there is room in {wait:?}")
            }
            hub::Code::Pace { wait } => {
                format!("this peer asks the hub too often; ask again in {wait:?}")
            }
            code => format!("the hub refuses it: {code:?}"),
        },
        said => format!("the hub has said {said:?}"),
    }
}

/// The ways that are tried.
#[derive(Debug, Default)]
struct Legs(Mutex<Vec<Leg>>);

impl Legs {
    /// Returns the number of the leg.
    fn begin(&self, way: Way) -> usize {
        let mut legs = self.lock();
        legs.push(Leg {
            way,
            began: Instant::now(),
            ended: None,
            outcome: String::new(),
        });
        legs.len() - 1
    }

    fn ended(&self, leg: usize, outcome: &str) {
        if let Some(leg) = self.lock().get_mut(leg) {
            leg.ended = Some(Instant::now());
            outcome.clone_into(&mut leg.outcome);
        }
    }

    /// What is under way when one way has won, or none.
    fn end(self, won: Option<Way>, now: Instant) -> Vec<Leg> {
        let mut legs = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        for leg in &mut legs {
            let is_open = leg.ended.is_none();
            if is_open {
                leg.ended = Some(now);
            }
            if won == Some(leg.way) {
                leg.outcome = CONNECTED.into();
            } else if is_open {
                leg.outcome = "another way was faster".into();
            }
        }
        legs
    }

    /// Why nothing was reached.
    fn why(&self) -> String {
        let legs = self.lock();
        let all: Vec<_> = legs
            .iter()
            .map(|leg| format!("{}: {}", leg.way, leg.outcome))
            .collect();
        all.join("; ")
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Leg>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
