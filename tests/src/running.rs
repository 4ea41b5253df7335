//! A program that runs: its lines as they come, and its end.
//!
//! Nothing here sleeps to wait. A test waits for a line, or for the end, and the
//! deadline only keeps a program that hangs from holding up the others.

use std::fmt;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How long a program may be silent or run on before it counts as hung. Far
/// longer than anything takes on a busy machine of two cores.
pub const DEADLINE: Duration = Duration::from_secs(180);

/// How often a file of another process is read again: the process does not report
/// that it has changed the file.
const EVERY: Duration = Duration::from_millis(20);

/// Looks for something that another process writes, until it is there.
///
/// # Panics
/// When it does not come within [`DEADLINE`].
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "{what} did not come");
        thread::sleep(EVERY);
    }
}

/// Where a line was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stream {
    Out,
    Err,
}

/// What a program left when it ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Its exit status; `None` when a signal ended it.
    pub status: Option<i32>,
    /// What it wrote on standard output.
    pub stdout: String,
    /// What it wrote on standard error.
    pub stderr: String,
}

/// A program that runs. It is killed when the test is over.
#[derive(Debug)]
pub struct Running {
    child: Child,
    lines: Receiver<(Stream, String)>,
    seen: Vec<(Stream, String)>,
}

/// Runs `command` to its end.
///
/// # Panics
/// When it does not start, or does not end within [`DEADLINE`].
pub fn run(command: &mut Command) -> Ended {
    Running::start(command).end()
}

impl Running {
    /// Starts `command`.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start(command: &mut Command) -> Self {
        Self::spawn(command.stdin(Stdio::null()))
    }

    /// Starts `command`, whose standard input stays open for lines.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start_with_input(command: &mut Command) -> Self {
        Self::spawn(command.stdin(Stdio::piped()))
    }

    /// Writes a line to its standard input.
    ///
    /// # Panics
    /// When that is not possible.
    pub fn write(&mut self, line: &str) {
        let input = self.child.stdin.as_mut().expect("its input is open");
        writeln!(input, "{line}").expect("it reads");
    }

    /// Ends its standard input.
    pub fn end_input(&mut self) {
        self.child.stdin = None;
    }

    fn spawn(command: &mut Command) -> Self {
        let piped = command.stdout(Stdio::piped());
        let child = piped.stderr(Stdio::piped()).spawn();
        let mut child = child.unwrap_or_else(|e| panic!("{command:?}: {e}"));
        let (sender, lines) = channel();
        if let Some(out) = child.stdout.take() {
            read(Stream::Out, out, sender.clone());
        }
        if let Some(err) = child.stderr.take() {
            read(Stream::Err, err, sender);
        }
        let seen = Vec::new();
        Self { child, lines, seen }
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for a line, on either stream, with `part` in it, and returns it.
    /// Lines that came before it are not looked at again.
    /// The order between a line of one stream and one of the other is not known: do not
    /// wait for both where the program prints them at the same time.
    ///
    /// # Panics
    /// When it does not come.
    pub fn line(&mut self, part: &str) -> String {
        let deadline = Instant::now() + DEADLINE;
        while let Some((_, line)) = self.next(deadline) {
            if line.contains(part) {
                return line;
            }
        }
        panic!("{part:?} did not come: {}", self.output());
    }

    /// Waits for a line of standard error with `part` in it, and returns it.
    /// Lines that have come already count as well, so that it may be waited for after a
    /// line of standard output that the program prints at the same time.
    ///
    /// # Panics
    /// When it does not come.
    pub fn warning(&mut self, part: &str) -> String {
        let is = |(from, line): &(Stream, String)| *from == Stream::Err && line.contains(part);
        if let Some((_, line)) = self.seen.iter().find(|line| is(line)) {
            return line.clone();
        }
        let deadline = Instant::now() + DEADLINE;
        while let Some(line) = self.next(deadline) {
            if is(&line) {
                return line.1;
            }
        }
        panic!("{part:?} did not come: {}", self.output());
    }

    /// Sends `signal`, for example `INT`.
    ///
    /// # Panics
    /// When that is not possible.
    pub fn signal(&self, signal: &str) {
        let kill = format!("kill -{signal} {}", self.id());
        let sent = Command::new("sh").args(["-c", &kill]).status();
        assert!(sent.expect("sh").success(), "{kill}");
    }

    /// Stops the process for this time, as if the machine were busy with others.
    pub fn stall(&self, time: Duration) {
        self.signal("STOP");
        thread::sleep(time);
        self.signal("CONT");
    }

    /// Waits a moment for the end, and says whether it has come.
    pub fn ends_soon(&mut self) -> bool {
        const MOMENT: Duration = Duration::from_millis(20);
        loop {
            match self.lines.recv_timeout(MOMENT) {
                Ok(line) => self.seen.push(line),
                Err(RecvTimeoutError::Disconnected) => return true,
                Err(RecvTimeoutError::Timeout) => return false,
            }
        }
    }

    /// Waits for the end.
    ///
    /// # Panics
    /// When it does not come within [`DEADLINE`].
    pub fn end(mut self) -> Ended {
        let deadline = Instant::now() + DEADLINE;
        while self.next(deadline).is_some() {}
        let status = self.child.wait().expect("a child that was started");
        self.output().with(status.code())
    }

    /// The next line; `None` when both streams were closed.
    fn next(&mut self, deadline: Instant) -> Option<(Stream, String)> {
        let left = deadline.saturating_duration_since(Instant::now());
        match self.lines.recv_timeout(left) {
            Ok(line) => {
                self.seen.push(line.clone());
                Some(line)
            }
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => {
                panic!("still there after {DEADLINE:?}: {}", self.output())
            }
        }
    }

    fn output(&self) -> Ended {
        let of = |stream| {
            let lines = self.seen.iter().filter(move |(from, _)| *from == stream);
            lines.map(|(_, line)| format!("{line}\n")).collect()
        };
        Ended {
            status: None,
            stdout: of(Stream::Out),
            stderr: of(Stream::Err),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Errors say that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    fn with(self, status: Option<i32>) -> Self {
        Self { status, ..self }
    }

    /// Checks the exit status.
    ///
    /// # Panics
    /// When it is another, with all that was written.
    pub fn exits(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "{self}");
        self
    }

    /// Checks that each of these is on standard output.
    ///
    /// # Panics
    /// When one is not, with all that was written.
    pub fn says(&self, parts: &[&str]) {
        for part in parts {
            assert!(self.stdout.contains(part), "{part:?} is missing: {self}");
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            status,
            stdout,
            stderr,
        } = self;
        write!(
            f,
            "exit status {status:?}\n--- stdout\n{stdout}\n--- stderr\n{stderr}"
        )
    }
}

fn read(stream: Stream, from: impl Read + Send + 'static, to: Sender<(Stream, String)>) {
    thread::spawn(move || {
        for line in BufReader::new(from).split(b'\n') {
            let Ok(line) = line else { return };
            let line = String::from_utf8_lossy(&line).into_owned();
            if to.send((stream, line)).is_err() {
                return;
            }
        }
    });
}
