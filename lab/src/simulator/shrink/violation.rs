//! What makes two runs fail in the same way, whatever their sizes.

use trace::history::History;
use trace::steps::Fault;

use crate::simulator::Ran;
use crate::system::Judgement;

/// What a failing run violates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Violation {
    /// The property of that name.
    Property(&'static str),
    /// A rule of algorithms: it sends messages of that kind where it may not.
    Misdirected(&'static str),
    /// A handler panics at that place in the source.
    Panicked(String),
}

impl Violation {
    /// The first one of a run.
    pub(super) fn of(ran: &Ran<History>, judgement: &Judgement) -> Option<Self> {
        if let Some(fault) = &ran.fault {
            return Some(Self::of_fault(fault));
        }
        let mut wrong = judgement.properties.iter().filter(|one| !one.holds());
        wrong.next().map(|property| Self::Property(property.name))
    }

    fn of_fault(fault: &Fault) -> Self {
        match fault {
            Fault::Misdirected { kind, .. } => Self::Misdirected(kind),
            Fault::Panicked { message, .. } => {
                // The text before the place may state sizes.
                let place = message.rsplit_once(" (").map_or("", |(_, place)| place);
                Self::Panicked(place.to_owned())
            }
            // Found by the model checker alone.
            Fault::Asymmetric { .. } => Self::Panicked(fault.to_string()),
        }
    }

    /// Whether a run has it.
    pub(super) fn is_in(&self, ran: &Ran<History>, judgement: &Judgement) -> bool {
        match self {
            Self::Property(name) => {
                let mut all = judgement.properties.iter();
                all.any(|one| one.name == *name && !one.holds())
            }
            fault => ran.fault.as_ref().map(Self::of_fault).as_ref() == Some(fault),
        }
    }
}
