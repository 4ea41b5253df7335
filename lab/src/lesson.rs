//! What `testbed list` and `testbed explain` say of an algorithm, and of an
//! application that algorithms are tried on.
//!
//! The lesson itself is the algorithm's own file, which is built in: its head
//! explains the idea, and messages, state and handlers are shown as they stand there. A
//! [`Lesson`] adds only what is not in the file. The system that runs the
//! algorithm [declares](crate::system::SystemOptions::LESSONS) it.

mod question;
mod shown;

/// A lesson.
#[derive(Clone, Copy, Debug)]
pub struct Lesson {
    /// Its place in the list: lessons are best read from the lowest number on.
    pub order: u32,
    /// Its name on the command line: "chandy-lamport".
    pub name: &'static str,
    /// The heading.
    pub title: &'static str,
    /// Its subject, in a line.
    pub about: &'static str,
    /// Its assumptions about the network and the processes.
    pub needs: &'static str,
    /// Its theoretical cost, in messages and in time.
    pub cost: &'static str,
    /// The arguments of `testbed` that run it: "snapshot --algorithm lai-yang".
    pub run: &'static str,
    /// Its file.
    pub file: AlgorithmFile,
    /// Commands, each with its result.
    pub commands: &'static [(&'static str, &'static str)],
}

/// A file of `algorithms/src`.
#[derive(Clone, Copy, Debug)]
pub struct AlgorithmFile {
    /// Its name: "lai_yang.rs".
    pub name: &'static str,
    /// Its content.
    pub content: &'static str,
}

/// The [`AlgorithmFile`] of that name.
macro_rules! algorithm_file {
    ($name:literal) => {
        $crate::lesson::AlgorithmFile {
            name: $name,
            content: include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../algorithms/src/",
                $name
            )),
        }
    };
}
pub(crate) use algorithm_file;

/// Commands, each with its result.
macro_rules! commands {
    ($($typed:literal => $shows:literal,)+) => { &[$(($typed, $shows)),+] };
}
pub(crate) use commands;

impl Lesson {
    /// Where its file is, from the root of the repository.
    pub fn path(&self) -> String {
        format!("algorithms/src/{}", self.file.name)
    }
}
