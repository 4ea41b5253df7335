//! Why a message does not arrive.

/// The cause of a loss, as far as the engine knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// The network lost it.
    Network,
    /// A partition separated its sender and its receiver.
    Cut,
    /// Its receiver had crashed, or its sender had before it left.
    Down,
    /// The transport did not deliver it. It may be that its receiver had crashed: a live
    /// peer cannot distinguish that from a broken connection.
    Undelivered,
}

impl Loss {
    const ALL: [Self; 4] = [Self::Network, Self::Cut, Self::Down, Self::Undelivered];

    /// Its name in the record of a run.
    pub fn name(self) -> &'static str {
        match self {
            Self::Network => "lost",
            Self::Cut => "cut",
            Self::Down => "down",
            Self::Undelivered => "undelivered",
        }
    }

    /// The loss of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|loss| loss.name() == name)
    }
}
