//! One program that runs: its standard streams, its group, its end. One that was attached has
//! a connection in place of them, and no group.

use std::collections::VecDeque;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lab::program::shown;
use lab::program::wire::{LONGEST, Line, Wrong, excerpt};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::process::{ChildStderr, Command};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::launch::NO_NETWORK;
use super::lines::{self, Read};
use super::output::{Allowance, Counted};
use super::{Error, Limits, NAME, Spec, limits, memory, sweep};

/// How many lines wait for a program that does not read. A guess.
const WAITING: usize = 16 * 1024;

/// How many of the last lines on standard error are kept, and how long each may be.
const KEPT: usize = 32;
const LONGEST_KEPT: usize = 1024;

/// The longest line of a state. A guess.
const LONGEST_STATE: usize = 16 * 1024;

/// How many lines that nobody has taken yet are kept back: then the program waits.
const SAID: usize = 256;

/// How long one that has closed its output may take to end. A guess.
const CLOSING: Duration = Duration::from_secs(1);

/// What a program does.
#[derive(Debug)]
pub enum Event {
    /// It has written a message, on the line of that number.
    Said(Line),
    /// It has written something else.
    Misprinted {
        /// The number of the line.
        number: u64,
        /// What is wrong with it.
        wrong: Wrong,
        /// Its beginning.
        text: String,
    },
    /// It has ended, or says nothing more.
    Ended(String),
}

/// A program that runs. When it is dropped, its group is killed.
#[derive(Debug)]
pub struct Child {
    /// `None` for one that was not started here.
    group: Option<Group>,
    input: mpsc::Sender<String>,
    /// What it does.
    pub events: mpsc::Receiver<Event>,
    /// The last state that it has told, as JSON.
    pub(super) states: watch::Receiver<String>,
    /// What it did before it had answered `init`.
    pub(super) early: Vec<Event>,
    last: Last,
    _tasks: JoinSet<()>,
}

/// The last lines on standard error.
#[derive(Clone, Debug, Default)]
struct Last(Arc<Mutex<VecDeque<String>>>);

/// The group of processes that a program begins.
#[derive(Debug)]
pub(crate) struct Group(i32);

impl Child {
    /// Starts the program in that folder.
    ///
    /// # Errors
    /// [`Error::Start`].
    pub fn start(name: &str, spec: &Spec, folder: &Path, mark: &str) -> Result<Self, Error> {
        let failed = |source| Error::Start {
            program: name.to_owned(),
            source,
        };
        let this = std::env::current_exe().map_err(failed)?;
        let mut command = Command::new(this);
        command.arg(NAME);
        command.args(spec.limits.no_network.then_some(NO_NETWORK));
        command.arg(&spec.bin).args(&spec.args);
        command.current_dir(folder).env_clear();
        for kept in [
            "PATH",
            "HOME",
            "LANG",
            "LC_ALL",
            "TMPDIR",
            "JAVA_HOME",
            "GOCACHE",
        ] {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        command
            .env(sweep::MARK, mark)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        let mut child = command.spawn().map_err(failed)?;
        let group = Group::of(&child);
        let (input, waiting) = mpsc::channel(WAITING);
        let (said, events) = mpsc::channel(SAID);
        let (told, states) = watch::channel(String::new());
        let last = Last::default();
        let mut tasks = JoinSet::new();
        if let Some(stdin) = child.stdin.take() {
            tasks.spawn(write(stdin, waiting));
        }
        let Limits { memory, output, .. } = spec.limits;
        let allowance = Allowance::new(output);
        if let Some(stderr) = child.stderr.take() {
            tasks.spawn(keep(allowance.count(stderr), last.clone(), told));
        }
        if let Some(stdout) = child.stdout.take() {
            let last = last.clone();
            let (id, stdout) = (group.0, allowance.count(stdout));
            tasks.spawn(async move {
                let taken = tokio::select! {
                    biased;
                    () = listen(BufReader::new(stdout), 1, &said) => None,
                    () = allowance.exceeded() => None,
                    taken = memory::outgrows(id, memory.unwrap_or(u64::MAX)) => Some(taken),
                };
                let excess = match taken {
                    Some(taken) => memory.map(|most| too_much_memory(taken, most)),
                    None => output.filter(|_| allowance.is_over()).map(too_much_output),
                };
                if let Some(why) = excess {
                    Group(id).signal(Signal::SIGKILL);
                    let _ = said.send(Event::Ended(why)).await;
                    let _ = child.wait().await;
                    return;
                }
                if timeout(CLOSING, child.wait()).await.is_err() {
                    let why = format!("it has closed its standard output{last}");
                    let _ = said.send(Event::Ended(why)).await;
                }
                let why = match child.wait().await {
                    Ok(status) => format!("it has ended with {status}{last}"),
                    Err(error) => format!("it cannot be waited for: {error}"),
                };
                let _ = said.send(Event::Ended(why)).await;
            });
        }
        Ok(Self {
            group: Some(group),
            input,
            events,
            states,
            early: Vec::new(),
            last,
            _tasks: tasks,
        })
    }

    /// One that is connected, and has written one line already.
    pub(super) fn attached(
        input: BufReader<impl AsyncRead + Send + Unpin + 'static>,
        output: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Self {
        let (lines, waiting) = mpsc::channel(WAITING);
        let (said, events) = mpsc::channel(SAID);
        let mut tasks = JoinSet::new();
        tasks.spawn(write(output, waiting));
        tasks.spawn(async move {
            listen(input, 2, &said).await;
            let why = "it has closed its connection".to_owned();
            let _ = said.send(Event::Ended(why)).await;
        });
        Self {
            group: None,
            input: lines,
            events,
            states: watch::channel(String::new()).1,
            early: Vec::new(),
            last: Last::default(),
            _tasks: tasks,
        }
    }

    /// Writes a line to its standard input, as soon as it reads. Returns whether there was room.
    pub fn write(&self, line: String) -> bool {
        match self.input.try_send(line) {
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => true,
            Err(mpsc::error::TrySendError::Full(_)) => false,
        }
    }

    /// The last lines that it has written to standard error, for a message.
    pub(super) fn last_words(&self) -> String {
        self.last.to_string()
    }

    /// Halts all of its processes, or lets them go on.
    pub(super) fn halt(&self, halts: bool) {
        let signal = match halts {
            true => Signal::SIGSTOP,
            false => Signal::SIGCONT,
        };
        if let Some(group) = &self.group {
            group.signal(signal);
        }
    }
}

fn too_much_memory(taken: u64, most: u64) -> String {
    format!(
        "it was stopped: the processes of its group took {} of memory together, and may take {} \
         (--max-memory)",
        limits::shown(taken),
        limits::shown(most)
    )
}

fn too_much_output(most: u64) -> String {
    let most = limits::shown(most);
    format!("it was stopped: it wrote more than the {most} that it may write (--max-output)")
}

impl Group {
    /// The group that this child leads. It is killed when this is dropped.
    pub(crate) fn of(child: &tokio::process::Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self(id.unwrap_or(0))
    }

    /// Its number.
    pub(crate) const fn id(&self) -> i32 {
        self.0
    }

    fn signal(&self, signal: Signal) {
        // 0 would be the group of this process.
        if self.0 > 0 {
            // An error means that all of them have ended.
            let _ = killpg(Pid::from_raw(self.0), signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::SIGKILL);
    }
}

impl Last {
    fn lock(&self) -> MutexGuard<'_, VecDeque<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `; on standard error: …`, or nothing.
impl std::fmt::Display for Last {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let lines = self.lock();
        match lines.back() {
            None => Ok(()),
            Some(_) => {
                let all: Vec<_> = lines.iter().map(String::as_str).collect();
                write!(f, "; on standard error: {}", all.join(" | "))
            }
        }
    }
}

async fn write(mut stdin: impl AsyncWrite + Unpin, mut waiting: mpsc::Receiver<String>) {
    while let Some(line) = waiting.recv().await {
        if stdin.write_all(line.as_bytes()).await.is_err() || stdin.flush().await.is_err() {
            // It has closed its input. Its end is told by its output.
            return;
        }
    }
}

/// Reads all that it writes, until the end. The next line has that number.
async fn listen(
    mut input: BufReader<impl AsyncRead + Unpin>,
    next: u64,
    said: &mpsc::Sender<Event>,
) {
    for number in next.. {
        let parsed = match lines::next(&mut input, LONGEST).await {
            Ok(Some(Read::Line(line))) => parse(line),
            Ok(Some(Read::Long)) => Err((Wrong::Long, String::new())),
            Ok(None) | Err(_) => return,
        };
        let event = match parsed {
            Ok(line) => Event::Said(line),
            Err((wrong, text)) => Event::Misprinted {
                number,
                wrong,
                text,
            },
        };
        if said.send(event).await.is_err() {
            return;
        }
    }
}

pub(super) fn parse(line: Vec<u8>) -> Result<Line, (Wrong, String)> {
    match String::from_utf8(line) {
        Ok(text) => Line::parse(&text).map_err(|wrong| (wrong, excerpt(&text))),
        Err(error) => {
            let text = excerpt(&String::from_utf8_lossy(error.as_bytes()));
            Err((Wrong::NoJson("it is no UTF-8".into()), text))
        }
    }
}

async fn keep(stderr: Counted<ChildStderr>, last: Last, told: watch::Sender<String>) {
    let mut input = BufReader::new(stderr);
    while let Ok(Some(read)) = lines::next(&mut input, LONGEST_STATE).await {
        let line = match read {
            Read::Line(line) => String::from_utf8_lossy(&line).into_owned(),
            Read::Long => format!("(a line of more than {LONGEST_STATE} bytes)"),
        };
        if let Some(state) = shown::in_line(&line) {
            told.send_replace(state);
            continue;
        }
        let line = match line.len() > LONGEST_KEPT {
            true => format!("(a line of more than {LONGEST_KEPT} bytes)"),
            false => line,
        };
        let mut kept = last.lock();
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(line);
    }
}
