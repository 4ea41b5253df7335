//! The peers of a cell: processes in its namespaces.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::time::timeout;

use super::Error;
use super::space::Space;
use crate::nat::Program;

/// The path of a program, and its first arguments.
fn path(program: &Program) -> Result<(PathBuf, &'static [&'static str]), Error> {
    match program {
        Program::Node => {
            let here = std::env::current_exe();
            let here = here.map_err(Error::system("the path of this program"))?;
            Ok((here, &[node::daemon::NAME]))
        }
        Program::Other(path) => Ok((path.clone(), &[])),
    }
}

/// A peer that runs. It is killed when it is dropped.
#[derive(Debug)]
pub(super) struct Peer {
    name: &'static str,
    lines: Lines<BufReader<ChildStdout>>,
    stdin: Option<ChildStdin>,
    said: Arc<Mutex<String>>,
    child: Child,
}

impl Peer {
    /// Starts one in that namespace.
    pub(super) fn start(
        name: &'static str,
        program: &Program,
        space: &Space,
        args: &[String],
    ) -> Result<Self, Error> {
        let (path, first) = path(program)?;
        let mut command = space.program(path);
        command.args(first).args(args);
        // No collector is reached from here but over a passage.
        for (variable, _) in std::env::vars_os() {
            if variable.to_string_lossy().starts_with("OTEL_") {
                command.env_remove(variable);
            }
        }
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let failed = |source| Error::Start {
            program: name.to_owned(),
            source,
        };
        let mut child = command.spawn().map_err(failed)?;
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let stdin = child.stdin.take().expect("it is piped");
        let mut errors = BufReader::new(child.stderr.take().expect("it is piped")).lines();
        let said = Arc::new(Mutex::new(String::new()));
        let last = said.clone();
        tokio::spawn(async move {
            while let Ok(Some(line)) = errors.next_line().await {
                *last.lock().unwrap_or_else(PoisonError::into_inner) = line;
            }
        });
        Ok(Self {
            name,
            lines,
            stdin: Some(stdin),
            said,
            child,
        })
    }

    /// Waits until it prints a line of which this is true, and returns the line.
    ///
    /// # Errors
    /// It does not within `patience`, or ends.
    pub(super) async fn line(
        &mut self,
        expected: &str,
        patience: Duration,
        is_it: impl Fn(&str) -> bool,
    ) -> Result<String, Error> {
        let wait = async {
            while let Ok(Some(line)) = self.lines.next_line().await {
                if is_it(&line) {
                    return Some(line);
                }
            }
            None
        };
        let when = match timeout(patience, wait).await {
            Ok(Some(line)) => return Ok(line),
            Ok(None) => "before it ended".to_owned(),
            Err(_) => format!("within {} s", patience.as_secs()),
        };
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        Err(Error::Silent {
            peer: self.name,
            expected: expected.to_owned(),
            when,
            said: said.clone(),
        })
    }

    /// Writes a line to its standard input.
    pub(super) async fn write(&mut self, line: &str) -> Result<(), Error> {
        let line = format!("{line}\n");
        let Some(stdin) = &mut self.stdin else {
            return Ok(());
        };
        let written = stdin.write_all(line.as_bytes()).await;
        written.map_err(Error::system(self.name))
    }

    /// Ends it in order: it ends with its standard input.
    pub(super) async fn end(&mut self, patience: Duration) {
        self.stdin = None;
        // One that takes longer is killed.
        let _ = timeout(patience, self.child.wait()).await;
    }
}
