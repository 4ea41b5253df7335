//! A Rust crate with an algorithm: it is built, and its program simulates and checks.
//!
//! The assignment's template has the system with its judge. A submission replaces files of it,
//! so it is the teacher's judge that judges. The program runs without a network, and under the
//! bounds of the assignment.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::Error;
use super::assignment::{Assignment, Budget, Template};
use super::outcome::{Judged, Outcome};
use crate::program;

/// How long a build may take. A guess: what a crate depends on takes some minutes.
const BUILD: Duration = Duration::from_secs(15 * 60);

/// How much of what cargo and the program print on standard error is kept, in bytes.
const KEPT: u64 = 16 << 10;

/// A program that was built; its folder lasts as long.
pub(super) struct Built {
    pub(super) program: PathBuf,
    folder: Option<TempDir>,
}

/// How a build ended.
pub(super) enum Build {
    Done(Built),
    /// The submission lacks a file, or cargo refuses it: why.
    Refused(String),
    /// The build did not come to its end: why.
    Unknown(String),
}

/// Builds the crate of the assignment with the files of the submission.
///
/// # Errors
/// [`Error::Submission`]: there is none. [`Error::Crate`]: the template cannot be read, or cargo
/// cannot be started.
pub(super) async fn build(
    assignment: &Assignment,
    template: &Template,
    submission: &Path,
    interrupt: &CancellationToken,
) -> Result<Build, Error> {
    if let Err(source) = fs::read_dir(submission) {
        return Err(Error::Submission {
            path: submission.to_owned(),
            source,
        });
    }
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source: io::Error| Error::Crate { path, source }
    };
    let Some(relative) = &template.template else {
        let built = cargo(submission, None, interrupt).await;
        return built.map_err(failed(submission));
    };
    let source = assignment
        .path
        .parent()
        .unwrap_or(Path::new(""))
        .join(relative);
    let folder = tempfile::tempdir().map_err(failed(&source))?;
    copy(&source, folder.path()).map_err(failed(&source))?;
    for file in &template.files {
        let to = folder.path().join(file);
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent).map_err(failed(parent))?;
        }
        if let Err(error) = fs::copy(submission.join(file), to) {
            let why = format!("the submission has no {}: {error}", file.display());
            return Ok(Build::Refused(why));
        }
    }
    // What the template depends on is built once for all submissions.
    let target = source
        .canonicalize()
        .map_err(failed(&source))?
        .join("target");
    let built = cargo(folder.path(), Some(&target), interrupt).await;
    let built = built.map_err(failed(&source))?;
    Ok(match built {
        Build::Done(built) => Build::Done(Built {
            folder: Some(folder),
            ..built
        }),
        other => other,
    })
}

/// Copies a crate, without what was built of it.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        let target = to.join(&name);
        if entry.file_type()?.is_dir() {
            if name != "target" && name != ".git" {
                fs::create_dir_all(&target)?;
                copy(&entry.path(), &target)?;
            }
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Builds in a group of its own, which ends with the build: a submission may bring a build
/// script.
async fn cargo(
    folder: &Path,
    target: Option<&Path>,
    interrupt: &CancellationToken,
) -> io::Result<Build> {
    let mut cargo = Command::new("cargo");
    cargo.args([
        "build",
        "--quiet",
        "--message-format",
        "json-render-diagnostics",
    ]);
    cargo.current_dir(folder).stdin(Stdio::null());
    if let Some(target) = target.filter(|_| std::env::var_os("CARGO_TARGET_DIR").is_none()) {
        cargo.env("CARGO_TARGET_DIR", target);
    }
    cargo.stdout(Stdio::piped()).stderr(Stdio::piped());
    #[cfg(unix)]
    cargo.process_group(0);
    let child = cargo.kill_on_drop(true).spawn()?;
    #[cfg(unix)]
    let _group = program::Group::of(&child);
    let output = tokio::select! {
        output = timeout(BUILD, child.wait_with_output()) => match output {
            Ok(output) => output?,
            Err(_) => {
                let why = format!("cargo build did not end within {BUILD:?}");
                return Ok(Build::Unknown(why));
            }
        },
        () = interrupt.cancelled() => return Ok(Build::Unknown("interrupted".into())),
    };
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Ok(Build::Refused(format!("cargo build: {}", said.trim())));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let messages = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut programs =
        messages.filter_map(|message| message["executable"].as_str().map(PathBuf::from));
    Ok(match programs.next_back() {
        Some(program) => Build::Done(Built {
            program,
            folder: None,
        }),
        None => Build::Refused("the crate has no program; write src/main.rs".into()),
    })
}

impl Built {
    /// Elsewhere no program is run.
    #[cfg(not(unix))]
    pub(super) async fn run(
        &self,
        _: &[String],
        _: bool,
        _: (&Budget, Duration),
        _: &CancellationToken,
    ) -> io::Result<Judged> {
        Ok(Judged::impossible("programs are run on Unix alone".into()))
    }

    /// Runs the program with these words, within its bounds.
    #[cfg(unix)]
    pub(super) async fn run(
        &self,
        words: &[String],
        is_cut: bool,
        (budget, limit): (&Budget, Duration),
        interrupt: &CancellationToken,
    ) -> io::Result<Judged> {
        let here = self.folder.as_ref().map(TempDir::path);
        let here = here
            .or_else(|| self.program.parent())
            .unwrap_or(Path::new("/"));
        let mut command = Command::new(std::env::current_exe()?);
        command
            .arg(program::NAME)
            .args(is_cut.then_some(program::NO_NETWORK));
        command
            .arg(&self.program)
            .args(["--format", "json"])
            .args(words);
        command.current_dir(here).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.process_group(0).kill_on_drop(true);
        let mut child = command.spawn()?;
        let group = program::Group::of(&child);
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let ended = async {
            let (out, err) = tokio::join!(some(stdout, budget.output), some(stderr, KEPT));
            let status = child.wait().await?;
            Ok::<_, io::Error>((status, out, err))
        };
        tokio::select! {
            ended = ended => {
                let (status, out, err) = ended?;
                Ok(judged(status, &out, &err))
            }
            taken = program::outgrows(group.id(), budget.memory) => Ok(refused(format!(
                "it was stopped: it took {} MiB of memory, and may take {}",
                taken >> 20,
                budget.memory >> 20
            ))),
            () = tokio::time::sleep(limit) => Ok(refused(format!(
                "the run did not end within {limit:?}, its time in the assignment"
            ))),
            () = interrupt.cancelled() => Ok(Judged::without_record("interrupted".into())),
        }
    }
}

/// The first bytes of a stream. The writer of more gets an error.
async fn some(stream: Option<impl AsyncRead + Unpin>, most: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        // What was read before an error is kept.
        let _ = stream.take(most).read_to_end(&mut bytes).await;
    }
    bytes
}

fn judged(status: ExitStatus, out: &[u8], err: &[u8]) -> Judged {
    if let Ok(record) = serde_json::from_slice::<Value>(out) {
        return Judged::of(&record, false);
    }
    let said = String::from_utf8_lossy(err);
    let why = format!("it has printed no result ({status}): {}", said.trim());
    match status.code() {
        // Its command line is that of the assignment.
        Some(2) => Judged::impossible(why),
        _ => refused(why),
    }
}

/// The program does not do what it has to.
pub(super) fn refused(why: String) -> Judged {
    Judged {
        outcome: Outcome::Failed,
        reasons: why.lines().map(str::to_owned).collect(),
        properties: Vec::new(),
        doubt: None,
    }
}
