//! Options of `membership`.

use std::sync::Arc;
use std::time::Duration;

use algorithms::NodeId;
use algorithms::auth::Secret;
use algorithms::membership::{Attack, Config, Flaw};
use clap::{Args, ValueEnum};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::Members;
use crate::lesson::{Lesson, algorithm_file, commands};
use crate::system::{Engine, OutagesEnd, Setup, SetupError, SystemOptions, Visitor};
use crate::values;

/// How many epochs a run has, unless its options say how long it lasts. A guess: a certificate that
/// is not renewed has ended by then.
const EPOCHS: u32 = 5;

/// How much longer a run lasts than it has to. A guess.
const MORE: Duration = Duration::from_secs(1);

/// Options of `membership`.
#[derive(Clone, Debug, Args, Serialize)]
#[command(next_help_heading = "Options of membership")]
pub struct Options {
    /// How long an epoch lasts. In a check for ever
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = values::pace)]
    #[serde(rename = "epoch_seconds", serialize_with = "values::seconds")]
    pub epoch: Duration,
    /// In how many epochs a certificate holds, with that in which it is signed: 2 at least
    /// [default: 4; 2 in a check]
    #[arg(long, value_name = "N", value_parser = holds)]
    pub holds: Option<u32>,
    /// How many epochs the registry begins beside those, one each second, and in a check at any
    /// moments [default: 0]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = values::number::<u32>)]
    pub advances: u32,
    /// How often a peer presents itself again, in case a message was lost. In a check never
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = values::pace)]
    #[serde(rename = "remind_seconds", serialize_with = "values::seconds")]
    pub remind: Duration,
    /// The last peer is an impostor. It needs three peers: the registry, an honest one, and it
    #[arg(long, value_name = "A")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attack: Option<AttackName>,
    /// How long the run lasts [default: five epochs, and after the last planned crash until all trust
    /// each other]
    #[arg(long, value_name = "TIME", value_parser = values::interval)]
    #[serde(skip)]
    pub duration: Option<Duration>,
    /// Make a mistake, to see which property it breaks
    #[arg(long, value_name = "M")]
    #[serde(skip)]
    pub mistake: Option<Mistake>,
}

/// What the impostor does to be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttackName {
    /// It signs certificates and epochs with its own key
    Forge,
    /// It presents the certificates of others
    Borrow,
    /// It presents its first certificate for ever, and replays the first epoch
    Replay,
}

/// A mistake of all peers but an impostor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mistake {
    /// Take any signature for the registry's: see --attack forge
    SignatureUnchecked,
    /// Take the certificate of anybody: see --attack borrow
    SubjectUnchecked,
    /// Take an epoch that is older than one's own: see --attack replay
    OlderTaken,
    /// Go on trusting a neighbour whose certificate has ended
    EndIgnored,
    /// As the registry, do not store the prefixes: see --seeds 20 --crash 3
    PrefixesForgotten,
}

impl AttackName {
    pub(in crate::system) const fn attack(self) -> Attack {
        match self {
            Self::Forge => Attack::Forge,
            Self::Borrow => Attack::Borrow,
            Self::Replay => Attack::Replay,
        }
    }
}

impl Mistake {
    const fn flaw(self) -> Flaw {
        match self {
            Self::SignatureUnchecked => Flaw::SignatureUnchecked,
            Self::SubjectUnchecked => Flaw::SubjectUnchecked,
            Self::OlderTaken => Flaw::OlderTaken,
            Self::EndIgnored => Flaw::EndIgnored,
            Self::PrefixesForgotten => Flaw::PrefixesForgotten,
        }
    }
}

/// For how many epochs.
pub(in crate::system) fn holds(text: &str) -> Result<u32, String> {
    match values::count(text)? {
        1 => {
            Err("a certificate of one epoch ends before it can be renewed; take 2 at least".into())
        }
        count => Ok(count),
    }
}

impl SystemOptions for Options {
    const NAME: &'static str = "membership";
    const LESSONS: &[Lesson] = &[Lesson {
        order: 73,
        name: "membership",
        title: "Membership by certificates that end",
        about: "how to know who belongs to a network, and who no longer does?",
        needs: "an honest registry that all can reach, channels whose sender is known, and signatures; messages may be lost and reordered",
        cost: "2 messages and a signature for a certificate; a message over each link for an epoch, or one each way",
        run: "membership",
        file: algorithm_file!("membership.rs"),
        commands: commands! {
            "testbed --peers 8 membership" => "all get certificates, present them, and renew them",
            "testbed simulate membership --peers 8 --kill 0@10s" =>
                "the registry stops: no epoch begins, so no certificate ends",
            "testbed simulate membership --peers 8 --kill 3@6s --duration 30s" =>
                "a peer that stops is expelled when its certificate ends",
            "testbed simulate membership --peers 8 --attack forge" =>
                "certificates and epochs with the signature of another key",
            "testbed simulate membership --peers 8 --attack borrow --mistake subject-unchecked" =>
                "a certificate is copied: its subject has to be the sender",
            "testbed simulate membership --peers 8 --attack replay --mistake older-taken" =>
                "an old epoch has a right signature too",
            "testbed check membership --peers 3 --attack borrow" =>
                "every schedule in which a certificate is copied",
            "testbed check membership --peers 2 --advances 3" =>
                "every schedule of three more epochs: certificates are renewed, or end",
        },
    }];

    fn algorithm(&self) -> String {
        match self.mistake {
            None => "membership".into(),
            Some(mistake) => format!("membership with {}", values::name_of(mistake)),
        }
    }

    fn build<V: Visitor>(&self, setup: Setup, visitor: V) -> Result<V::Output, SetupError> {
        setup.require_mesh()?;
        setup.require_recorded(setup.peers.saturating_sub(1))?;
        let peers = setup.peers;
        if let Some(attack) = self.attack
            && peers < 3
        {
            let attack = values::name_of(attack);
            return Err(SetupError::AttackNeedsThree { attack, peers });
        }
        setup.limit_all_operations("--advances", self.advances)?;
        let is_check = setup.engine == Engine::ModelChecker;
        if !is_check && self.epoch <= self.rest() {
            return Err(SetupError::EpochTooShort {
                epoch: self.epoch,
                remind: self.remind,
                rest: self.rest(),
            });
        }
        let lasts = self.duration.unwrap_or_else(|| self.lasts(&setup));
        let [secret, forger] = [0, 1].map(|stream| secret(setup.seed, stream));
        Ok(visitor.visit(Members {
            config: Arc::new(self.config(is_check, &secret)),
            secret,
            forger,
            attack: self.attack.map(AttackName::attack),
            flaw: self.mistake.map(Mistake::flaw),
            advances: self.advances,
            goes_out: setup.outages == Some(OutagesEnd::WithTheRun),
            duration: (!is_check).then_some(lasts),
            neighbours: setup.neighbours,
        }))
    }
}

/// A key of the run with that seed.
pub(in crate::system) fn secret(seed: u64, stream: u64) -> Secret {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    let mut bytes = [0; 32];
    rng.fill(&mut bytes);
    Secret::new(bytes)
}

impl Options {
    fn config(&self, is_check: bool, secret: &Secret) -> Config {
        let interval = |time: Duration| (!is_check).then_some(time);
        Config {
            registry: NodeId(0),
            key: secret.key(),
            holds: self.holds.unwrap_or(if is_check { 2 } else { 4 }),
            epoch: interval(self.epoch),
            remind: interval(self.remind),
            open: true,
        }
    }

    /// How long after the begin of an epoch all trust each other, and a little more.
    fn rest(&self) -> Duration {
        Members::rest(self.remind).saturating_add(MORE)
    }

    /// All that is planned, and then until all trust each other.
    fn lasts(&self, setup: &Setup) -> Duration {
        let stops = setup.stops.iter();
        let stops = stops.map(|stop| stop.restart.unwrap_or(stop.at)).max();
        let stops = stops.max(setup.outages.map(OutagesEnd::usual));
        let needed = stops.unwrap_or_default().saturating_add(self.rest());
        needed.max(self.epoch.saturating_mul(EPOCHS))
    }
}
