//! What the errors of the laboratory mean to whoever gave the command.

pub use node::program::Error;

/// A value that makes no sense is wrong usage; a system that is wrong fails.
pub(crate) fn of_lab(error: lab::Error) -> Error {
    match error {
        lab::Error::Usage(why) => Error::Usage(why),
        lab::Error::System(why) => Error::Failed(why),
    }
}
