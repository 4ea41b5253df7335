//! Programs that connect by themselves, to a Unix socket: this process starts none of them. Who
//! connects has to be the same user, and the socket is in a folder that nobody else may enter.
//!
//! The first line of a program is `attach`, with the name that it wants as `src`, or none:
//! `{"src": "n2", "dest": "testbed", "body": {"type": "attach"}}`. The answer is `init`.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _};
use std::os::unix::net::{UnixListener as Bound, UnixStream as Probe};
use std::path::{Path, PathBuf};
use std::time::Duration;

use algorithms::NodeId;
use lab::program::roster::{Part, Roster};
use lab::program::wire::{Line, excerpt};
use nix::unistd::geteuid;
use serde_json::json;
use tokio::io::{AsyncWriteExt as _, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};

use super::Error;
use super::child::{Child, parse};
use super::crew::INIT;
use super::lines::{self, Read};

/// How long all programs together may take to attach. A guess: someone may start them by hand.
const ALL: Duration = Duration::from_secs(120);

/// The longest `attach`, in bytes. A guess.
const LONGEST: usize = 4096;

/// The bits of a mode that let others into a folder.
const OTHERS: u32 = 0o077;

/// The name of this process.
const TESTBED: &str = "testbed";

/// The socket. It is removed when this is dropped.
#[derive(Debug)]
pub(super) struct Door {
    path: PathBuf,
    bound: Bound,
}

/// One that has connected, and has said who it wants to be.
struct Visitor {
    wants: String,
    input: BufReader<OwnedReadHalf>,
    output: OwnedWriteHalf,
}

impl Door {
    /// Listens at that path. A folder that is not there is made.
    ///
    /// # Errors
    /// [`Error::Socket`] and [`Error::Open`].
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Socket {
            socket: path.to_owned(),
            source,
        };
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        if !folder.exists() {
            let mut builder = fs::DirBuilder::new();
            builder
                .recursive(true)
                .mode(0o700)
                .create(folder)
                .map_err(failed)?;
        }
        let metadata = fs::metadata(folder).map_err(failed)?;
        if metadata.mode() & OTHERS != 0 || metadata.uid() != geteuid().as_raw() {
            return Err(Error::Open {
                socket: path.to_owned(),
                folder: folder.to_owned(),
                mode: metadata.mode() & 0o777,
            });
        }
        remove_old(path).map_err(failed)?;
        let bound = Bound::bind(path).map_err(failed)?;
        bound.set_nonblocking(true).map_err(failed)?;
        let path = path.to_owned();
        Ok(Self { path, bound })
    }

    /// Waits until all programs are attached.
    ///
    /// # Errors
    /// [`Error::Absent`] and [`Error::Socket`].
    pub(super) async fn gather(&self, roster: Roster) -> Result<BTreeMap<NodeId, Child>, Error> {
        let failed = |source| Error::Socket {
            socket: self.path.clone(),
            source,
        };
        let bound = self.bound.try_clone().map_err(failed)?;
        let listener = UnixListener::from_std(bound).map_err(failed)?;
        let (count, path) = (roster.programs, self.path.display());
        node::stderr::note(format_args!("waiting for {count} programs at unix:{path}"));
        let (mut seats, mut visitors) = (Seats::new(roster), JoinSet::new());
        let end = Instant::now() + ALL;
        while !seats.are_taken() {
            tokio::select! {
                accepted = timeout_at(end, listener.accept()) => match accepted {
                    Err(_) => return Err(seats.absent()),
                    Ok(stream) => {
                        let (stream, _) = stream.map_err(failed)?;
                        visitors.spawn(timeout(INIT, hear(stream)));
                    }
                },
                Some(heard) = visitors.join_next() => {
                    // Others have said nothing in time, or were refused.
                    if let Ok(Ok(Some(visitor))) = heard
                        && let Err((visitor, why)) = seats.take(visitor)
                    {
                        refuse(visitor.output, &why).await;
                    }
                }
            }
        }
        Ok(seats.children())
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        // It may have been removed by hand.
        let _ = fs::remove_file(&self.path);
    }
}

/// Removes a socket at which nobody listens.
fn remove_old(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(old) if !old.file_type().is_socket() => {
            let why = "it is there already, and no socket";
            Err(io::Error::new(io::ErrorKind::AlreadyExists, why))
        }
        Ok(_) => match Probe::connect(path) {
            Ok(_) => {
                let why = "somebody listens there already";
                Err(io::Error::new(io::ErrorKind::AddrInUse, why))
            }
            Err(_) => fs::remove_file(path),
        },
    }
}

/// The first line of a connection. `None` for another user, and for another line: that is
/// answered with an error.
async fn hear(stream: UnixStream) -> Option<Visitor> {
    let is_own = stream
        .peer_cred()
        .is_ok_and(|who| who.uid() == geteuid().as_raw());
    if !is_own {
        tracing::warn!("a program of another user may not attach");
        return None;
    }
    let (input, output) = stream.into_split();
    let mut input = BufReader::new(input);
    let read = lines::next(&mut input, LONGEST).await.ok()??;
    let line = match read {
        Read::Line(line) => parse(line).map_err(|(wrong, _)| wrong.to_string()),
        Read::Long => Err(format!("the line has more than {LONGEST} bytes")),
    };
    let wrong = match line {
        Ok(line) if line.kind == "attach" && line.dest == TESTBED => {
            return Some(Visitor {
                wants: line.src,
                input,
                output,
            });
        }
        Ok(line) => format!("a {} to {}", line.kind, excerpt(&line.dest)),
        Err(wrong) => wrong,
    };
    refuse(
        output,
        &format!("the first line has to be attach; this is {wrong}"),
    )
    .await;
    None
}

/// The programs of a run, and who has come to be one.
struct Seats {
    roster: Roster,
    named: BTreeMap<NodeId, Visitor>,
    /// Those that take any name: they get what the others have left.
    others: Vec<Visitor>,
}

impl Seats {
    fn new(roster: Roster) -> Self {
        Self {
            roster,
            named: BTreeMap::new(),
            others: Vec::new(),
        }
    }

    fn are_taken(&self) -> bool {
        self.named.len() + self.others.len() >= self.roster.programs as usize
    }

    /// Takes a visitor in; an error says why not.
    fn take(&mut self, visitor: Visitor) -> Result<(), (Visitor, String)> {
        let roster = self.roster;
        if visitor.wants.is_empty() {
            self.others.push(visitor);
            return Ok(());
        }
        let wanted = roster.process(&visitor.wants);
        let is_program = |node: &NodeId| matches!(roster.part(*node), Some(Part::Program(_)));
        let wants = excerpt(&visitor.wants);
        match wanted.filter(is_program) {
            Some(node) if !self.named.contains_key(&node) => {
                self.named.insert(node, visitor);
                Ok(())
            }
            Some(_) => Err((visitor, format!("another program is {wants}"))),
            None => {
                let last = roster.programs.saturating_sub(1);
                let why = format!("{wants:?} is no program; the run has n0 to n{last}");
                Err((visitor, why))
            }
        }
    }

    /// Those that have not come.
    fn absent(&self) -> Error {
        let named = self.named.keys().map(|node| self.roster.name(*node));
        let others = self.others.iter().map(|_| "one without a name".to_owned());
        let attached: Vec<_> = named.chain(others).collect();
        Error::Absent {
            count: self.roster.programs,
            within: ALL,
            attached: match &attached[..] {
                [] => "none".to_owned(),
                all => all.join(", "),
            },
        }
    }

    fn children(self) -> BTreeMap<NodeId, Child> {
        let Self {
            roster,
            mut named,
            others,
        } = self;
        let free = (0..roster.programs).map(NodeId);
        let free: Vec<_> = free.filter(|node| !named.contains_key(node)).collect();
        named.extend(free.into_iter().zip(others));
        let child = |visitor: Visitor| Child::attached(visitor.input, visitor.output);
        let children = named.into_iter();
        children
            .map(|(node, visitor)| (node, child(visitor)))
            .collect()
    }
}

/// Tells a program, and the user, why it may not attach.
async fn refuse(mut output: OwnedWriteHalf, why: &str) {
    node::stderr::note(format_args!("a program may not attach: {why}"));
    let body = json!({ "type": "error", "code": 12, "text": why });
    let body = body.as_object().cloned().unwrap_or_default();
    if let Ok(line) = Line::new(TESTBED.into(), String::new(), &body) {
        // It may be gone already.
        let _ = output.write_all(line.text(0).as_bytes()).await;
    }
}
