//! Options of `auth`.

use std::collections::BTreeSet;
use std::time::Duration;

use algorithms::auth::{Attack, Flaw, Scheme};
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::Auths;
use crate::lesson::{Lesson, algorithm_file, commands};
use crate::system::{Engine, Setup, SetupError, SystemOptions, Visitor};
use crate::values;

/// Options of `auth`.
#[derive(Clone, Debug, Args, Serialize)]
#[command(next_help_heading = "Options of auth")]
pub struct Options {
    /// By which schemes processes prove themselves, separated by commas. One run tries all of
    /// them [default: static,challenge,bound; bound in a check]
    #[arg(long, value_name = "S", value_delimiter = ',')]
    pub scheme: Vec<SchemeName>,
    /// The last peer attacks. It needs three peers: a prover, a verifier and the attacker
    #[arg(long, value_name = "A")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attack: Option<AttackName>,
    /// How many peers, the first ones, prove themselves to all others [default: all but an
    /// attacker; 1 in a check]
    #[arg(long, value_name = "N", value_parser = values::count::<u32>)]
    pub provers: Option<u32>,
    /// How often each proves itself [default: 2; 1 in a check]
    #[arg(long, value_name = "N", value_parser = values::count::<u32>)]
    pub rounds: Option<u32>,
    /// The time between two rounds. Peer 0 replaces its key after half of it, and the attacks
    /// `steal` and `forge` come after one and a half
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = values::interval)]
    #[serde(rename = "every_seconds", serialize_with = "values::seconds")]
    pub every: Duration,
    /// Peer 0 never replaces its key: then the stolen key is its identity
    #[arg(long)]
    pub never_replaced: bool,
    /// Make a mistake, to see which property it breaks
    #[arg(long, value_name = "M")]
    #[serde(skip)]
    pub mistake: Option<Mistake>,
}

/// What the signature of a prover covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SchemeName {
    /// A fixed text and the identity: made once, right for ever
    Static,
    /// Also a nonce of the verifier
    Challenge,
    /// Also the identity of the verifier, and both ends of the channel
    Bound,
}

/// What the attacker does to be accepted as another peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttackName {
    /// It records proofs that it gets as a verifier, and shows them to others
    Replay,
    /// It passes on the challenge of a verifier to a prover, and the proof back (mafia fraud)
    Relay,
    /// It has stolen the first key of peer 0
    Steal,
    /// It signs with its own key, and announces that as the new key of the others
    Forge,
}

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mistake {
    /// Do not compare the nonce of a proof with one's own: see --attack replay
    NonceUnchecked,
    /// Leave the ends of the channel out of what `bound` covers: see --attack relay
    ChannelLeftOut,
    /// Do not check that the key belongs to the identity: see --attack forge
    KeyUnchecked,
    /// Confirm a new key, and go on with the old one: see --attack steal
    ReplacementIgnored,
    /// Take over a new key without the signature of the old one: see --attack forge
    ReplacementUnsigned,
    /// As an owner, announce a new key, and go on with the old one
    OldKeyUsed,
}

impl SchemeName {
    const fn scheme(self) -> Scheme {
        match self {
            Self::Static => Scheme::Static,
            Self::Challenge => Scheme::Challenge,
            Self::Bound => Scheme::Bound,
        }
    }
}

impl AttackName {
    const fn attack(self) -> Attack {
        match self {
            Self::Replay => Attack::Replay,
            Self::Relay => Attack::Relay,
            Self::Steal => Attack::Steal,
            Self::Forge => Attack::Forge,
        }
    }
}

impl Mistake {
    const fn flaw(self) -> Flaw {
        match self {
            Self::NonceUnchecked => Flaw::NonceUnchecked,
            Self::ChannelLeftOut => Flaw::ChannelLeftOut,
            Self::KeyUnchecked => Flaw::KeyUnchecked,
            Self::ReplacementIgnored => Flaw::ReplacementIgnored,
            Self::ReplacementUnsigned => Flaw::ReplacementUnsigned,
            Self::OldKeyUsed => Flaw::OldKeyUsed,
        }
    }
}

impl SystemOptions for Options {
    const NAME: &'static str = "auth";
    const LESSONS: &[Lesson] = &[Lesson {
        order: 66,
        name: "auth",
        title: "Authentication: static proofs, challenges, and channel binding",
        about: "how to prove that an identity is one's own?",
        needs: "a channel between prover and verifier whose ends both see; signatures that cannot be forged; messages may be lost and reordered",
        cost: "2 messages a proof with static, 4 with challenge and bound; a signature and its check; 2 messages a verifier for a new key",
        run: "auth",
        file: algorithm_file!("auth.rs"),
        commands: commands! {
            "testbed --peers 4 auth" => "each proves itself to all others, and peer 0 replaces its key",
            "testbed --peers 4 auth --scheme static,challenge --attack replay" =>
                "a recorded proof is accepted by a verifier that keeps nothing",
            "testbed --peers 4 auth --attack relay" =>
                "a challenge is passed on to an honest prover: only the bound one resists",
            "testbed --peers 4 auth --attack steal" =>
                "a stolen key that was replaced: only static accepts it",
            "testbed --peers 4 auth --attack steal --never-replaced" =>
                "a stolen key that is still current is the identity, in all schemes",
            "testbed check auth --peers 3 --attack relay" => "every schedule of a relay",
            "testbed simulate auth --peers 4 --attack relay --scheme bound --mistake channel-left-out" =>
                "bound to identities alone: the relay is accepted",
        },
    }];

    fn algorithm(&self) -> String {
        match self.mistake {
            None => "auth".into(),
            Some(mistake) => format!("auth with {}", values::name_of(mistake)),
        }
    }

    fn build<V: Visitor>(&self, setup: Setup, visitor: V) -> Result<V::Output, SetupError> {
        setup.require_mesh()?;
        let (peers, is_check) = (setup.peers, setup.engine == Engine::ModelChecker);
        if let Some(attack) = self.attack
            && peers < 3
        {
            let attack = values::name_of(attack);
            return Err(SetupError::AttackNeedsThree { attack, peers });
        }
        let honest = peers - u32::from(self.attack.is_some());
        if let Some(provers) = self.provers
            && provers > honest
        {
            return Err(match self.attack {
                None => SetupError::TooFewPeers {
                    option: "--provers",
                    count: provers,
                    peers,
                },
                Some(_) => SetupError::TooManyProvers { provers, peers },
            });
        }
        let usual = |of_check: u32, otherwise: u32| if is_check { of_check } else { otherwise };
        let rounds = self.rounds.unwrap_or(usual(1, 2));
        setup.limit_operations("--rounds", rounds, peers)?;
        let schemes: BTreeSet<_> = match (self.scheme.is_empty(), is_check) {
            (false, _) => self.scheme.iter().copied().collect(),
            (true, true) => [SchemeName::Bound].into(),
            (true, false) => SchemeName::value_variants().iter().copied().collect(),
        };
        Ok(visitor.visit(Auths {
            processes: peers,
            provers: self.provers.unwrap_or(usual(1, honest)),
            rounds,
            every: self.every,
            schemes: schemes.into_iter().map(SchemeName::scheme).collect(),
            attack: self.attack.map(AttackName::attack),
            flaw: self.mistake.map(Mistake::flaw),
            replaces: !self.never_replaced,
            seed: setup.seed,
        }))
    }
}
