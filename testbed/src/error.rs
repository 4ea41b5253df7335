//! The errors of the program, and what an error of the laboratory becomes.

pub use node::program::Error;

/// A value that makes no sense is wrong usage; a system that is wrong fails.
pub(crate) fn of_lab(error: lab::Error) -> Error {
    match error {
        lab::Error::Usage(why) => Error::Usage(why),
        lab::Error::System(why) => Error::Failed(why),
    }
}
