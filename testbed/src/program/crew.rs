//! The programs of a run, and the processes that stand for them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use algorithms::NodeId;
use futures::FutureExt as _;
use futures::future::{BoxFuture, try_join_all};
use lab::program::is_program;
use lab::program::member::{Command, Member, Output};
use lab::program::roster::Roster;
use lab::program::wire::Line;
use lab::simulator::Change;
use node::driver::{Commander, Driver};
use opentelemetry::Context;
use serde_json::{Map, Value, json};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};

use super::child::{Child, Event};
use super::door::Door;
use super::{Error, Spec, network, sweep};
use crate::experiment;
use crate::experiment::live::Companion;

/// How long a program may take to answer `init`, as in Maelstrom.
pub(super) const INIT: Duration = Duration::from_secs(10);

/// What is said of a program for which too many lines wait.
const UNREAD: &str = "it does not read its standard input; a message for it is lost";

/// After so many mistakes a program is stopped: each is a step of the run. A guess.
const MISTAKES: u32 = 1000;

/// How long no other state of a program is recorded: each is a step of the run. A guess.
const STATES: Duration = Duration::from_millis(10);

/// How many lines a program may write before it answers `init`. A guess.
const EARLY: usize = 256;

/// The client that asks for it, and the number of its message.
const ASKER: &str = "c0";
const INIT_ID: u64 = 1;

/// The children of a run.
#[derive(Debug)]
pub struct Crew {
    origin: Origin,
    roster: Roster,
    folder: PathBuf,
    mark: String,
    programs: BTreeMap<NodeId, Running>,
    /// The number of the last message to any program.
    delivered: u64,
}

/// Where the programs of a run come from.
#[derive(Debug)]
enum Origin {
    /// They are started.
    Start(Spec),
    /// They connect.
    Attach(Door),
}

/// A program that runs: what is done with it goes through here.
#[derive(Debug)]
struct Running {
    orders: mpsc::UnboundedSender<Order>,
    task: JoinHandle<()>,
    /// How many it has made.
    mistakes: u32,
}

#[derive(Debug)]
enum Order {
    Write(String),
    Halt(bool),
    Command(Command),
}

impl Crew {
    /// Children that run that program.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::NotExecutable`], [`Error::Network`], and [`Error::Start`]
    /// without a folder.
    pub fn new(spec: Spec, roster: Roster) -> Result<Self, Error> {
        let bin = executable(&spec.bin)?;
        if spec.limits.no_network {
            network::can_be_cut()?;
        }
        Ok(Self::of(Origin::Start(Spec { bin, ..spec }), roster))
    }

    /// Programs that connect to that socket.
    ///
    /// # Errors
    /// [`Error::Socket`] and [`Error::Open`].
    pub fn attached(socket: &Path, roster: Roster) -> Result<Self, Error> {
        Ok(Self::of(Origin::Attach(Door::open(socket)?), roster))
    }

    fn of(origin: Origin, roster: Roster) -> Self {
        let mark = format!("{:016x}", rand::random::<u64>());
        let folder = std::env::temp_dir().join(format!("testbed-{mark}"));
        Self {
            origin,
            roster,
            folder,
            mark,
            programs: BTreeMap::new(),
            delivered: 0,
        }
    }

    /// All programs, once each has answered `init`.
    async fn all(&self) -> Result<BTreeMap<NodeId, Child>, Error> {
        match &self.origin {
            Origin::Attach(door) => {
                let attached = door.gather(self.roster).await?;
                let begin = attached.into_iter().map(async |(node, child)| {
                    let name = self.roster.name(node);
                    let child = begin(child, &name, self.roster).await?;
                    Ok((node, child))
                });
                Ok(try_join_all(begin).await?.into_iter().collect())
            }
            Origin::Start(spec) => {
                let nodes = (0..self.roster.programs).map(NodeId);
                let starts = nodes.map(async |node| Ok((node, self.start(spec, node).await?)));
                Ok(try_join_all(starts).await?.into_iter().collect())
            }
        }
    }

    /// Starts a program, and returns once it has answered `init`.
    async fn start(&self, spec: &Spec, node: NodeId) -> Result<Child, Error> {
        let name = self.roster.name(node);
        let folder = self.folder.join(&name);
        let made = fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder);
        made.map_err(|source| Error::Start {
            program: name.clone(),
            source,
        })?;
        let child = Child::start(&name, spec, &folder, &self.mark)?;
        begin(child, &name, self.roster).await
    }
}

/// The whole path of a program: children have other folders.
///
/// # Errors
/// [`Error::Missing`] and [`Error::NotExecutable`].
pub fn executable(bin: &Path) -> Result<PathBuf, Error> {
    let missing = |source| Error::Missing {
        bin: bin.to_owned(),
        source,
    };
    let path = fs::canonicalize(bin).map_err(missing)?;
    let metadata = fs::metadata(&path).map_err(missing)?;
    match metadata.is_file() && metadata.permissions().mode() & 0o111 != 0 {
        true => Ok(path),
        false => Err(Error::NotExecutable {
            bin: bin.to_owned(),
        }),
    }
}

/// What the program is told first.
fn init(roster: Roster, name: &str) -> String {
    let all = (0..roster.programs).map(|number| roster.name(NodeId(number)));
    let body = json!({
        "type": "init",
        "msg_id": INIT_ID,
        "node_id": name,
        "node_ids": all.collect::<Vec<_>>(),
    });
    let body: Map<String, Value> = body.as_object().cloned().unwrap_or_default();
    let line = Line::new(ASKER.into(), name.into(), &body);
    line.map(|line| line.text(0)).unwrap_or_default()
}

/// Tells a program its name, and returns it once it has answered.
async fn begin(mut child: Child, name: &str, roster: Roster) -> Result<Child, Error> {
    child.write(init(roster, name));
    let mut before = Vec::new();
    let answered = timeout(INIT, async {
        loop {
            match child.events.recv().await {
                Some(Event::Said(line)) if is_init_ok(&line) => return Ok(()),
                Some(Event::Ended(why)) => return Err(why),
                None => return Err("it has ended".to_owned()),
                Some(event) => before.push(event),
            }
            // One that floods is as silent as one that writes nothing.
            if before.len() > EARLY {
                return Err(format!("it has written {EARLY} other lines"));
            }
        }
    });
    let why = match answered.await {
        Ok(Ok(())) => {
            child.early = before;
            return Ok(child);
        }
        Ok(Err(why)) => why,
        Err(_) => {
            let written = before.first().map_or("nothing", |first| match first {
                Event::Said(line) => &line.body,
                Event::Misprinted { text, .. } | Event::Ended(text) => text,
            });
            format!(
                "within {INIT:?} it has written {written}{}",
                child.last_words()
            )
        }
    };
    let program = name.to_owned();
    Err(Error::Silent { program, why })
}

fn is_init_ok(line: &Line) -> bool {
    line.kind == "init_ok" && line.in_reply_to == Some(INIT_ID)
}

/// Lets a program take part until it ends, or this task is aborted. What it says, its process
/// is commanded to send.
async fn take_part(
    mut child: Child,
    mut orders: mpsc::UnboundedReceiver<Order>,
    commander: Commander<Member>,
) {
    for event in std::mem::take(&mut child.early) {
        let _ = commander
            .command(command_of(event), None, Context::new())
            .await;
    }
    let mut is_over = false;
    let mut states = child.states.clone();
    let mut next_state = Instant::now();
    loop {
        let command = tokio::select! {
            Some(state) = state_at(&mut states, next_state) => {
                next_state = Instant::now() + STATES;
                Command::Shows { state }
            },
            order = orders.recv() => match order {
                None => return,
                Some(Order::Command(command)) => command,
                Some(Order::Halt(halts)) => {
                    child.halt(halts);
                    continue;
                }
                Some(Order::Write(line)) => match child.write(line) {
                    true => continue,
                    false => Command::Failed { why: UNREAD.into() },
                },
            },
            event = child.events.recv(), if !is_over => match event {
                Some(event) => command_of(event),
                None => {
                    is_over = true;
                    continue;
                }
            },
        };
        // An error means that the process is down.
        let _ = commander.command(command, None, Context::new()).await;
    }
}

/// The last state that a program has told, if it is another one; not before that time.
async fn state_at(states: &mut watch::Receiver<String>, at: Instant) -> Option<String> {
    sleep_until(at).await;
    states.changed().await.ok()?;
    Some(states.borrow_and_update().clone())
}

/// What the process is commanded when its program has done that.
fn command_of(event: Event) -> Command {
    match event {
        Event::Said(line) => Command::Said { line },
        Event::Misprinted {
            number,
            wrong,
            text,
        } => Command::Misprinted {
            number,
            why: format!("{wrong}; {}", wrong.hint()),
            text,
        },
        Event::Ended(why) => Command::Failed { why },
    }
}

impl Running {
    fn new(orders: mpsc::UnboundedSender<Order>, task: JoinHandle<()>) -> Self {
        Self {
            orders,
            task,
            mistakes: 0,
        }
    }

    fn start(child: Child, commander: Commander<Member>) -> Self {
        let (orders, receiver) = mpsc::unbounded_channel();
        let task = tokio::spawn(take_part(child, receiver, commander));
        Self::new(orders, task)
    }

    fn order(&self, order: Order) {
        let _ = self.orders.send(order);
    }
}

/// Its child goes with the task.
impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Companion<Member> for Crew {
    /// All programs start at once.
    fn begin<'a>(
        &'a mut self,
        drivers: &'a [Driver<Member>],
    ) -> BoxFuture<'a, Result<(), experiment::Error>> {
        async move {
            let mut all = self
                .all()
                .await
                .map_err(|error| experiment::Error::Companion(error.into()))?;
            let running = drivers.iter().filter_map(|driver| {
                let child = all.remove(&driver.id())?;
                Some((driver.id(), Running::start(child, driver.commander())))
            });
            self.programs = running.collect();
            Ok(())
        }
        .boxed()
    }

    fn hear(&mut self, node: NodeId, output: &Output) {
        let Some(program) = self.programs.get_mut(&node) else {
            return;
        };
        match output {
            Output::Delivered { line } => {
                self.delivered += 1;
                program.order(Order::Write(line.text(self.delivered)));
            }
            Output::Wrong { .. } if program.mistakes == MISTAKES => {
                self.programs.remove(&node);
            }
            Output::Wrong { .. } => program.mistakes += 1,
            Output::Dropped { .. } | Output::Answered { .. } | Output::TimedOut { .. } => {}
        }
    }

    fn crashed(&mut self, node: NodeId) {
        self.programs.remove(&node);
    }

    /// It has lost what it knew, and is told its name again.
    fn restarted(&mut self, node: NodeId, commander: Commander<Member>) {
        let Origin::Start(spec) = &self.origin else {
            return;
        };
        if !is_program(self.roster, node) {
            return;
        }
        let (orders, receiver) = mpsc::unbounded_channel();
        let (name, roster) = (self.roster.name(node), self.roster);
        let started = Child::start(&name, spec, &self.folder.join(&name), &self.mark);
        let task = tokio::spawn(async move {
            let begun = match started {
                Ok(child) => begin(child, &name, roster).await,
                Err(error) => Err(error),
            };
            match begun {
                Ok(child) => take_part(child, receiver, commander).await,
                Err(error) => {
                    let why = error.to_string();
                    let failed = Command::Failed { why };
                    let _ = commander.command(failed, None, Context::new()).await;
                }
            }
        });
        self.programs.insert(node, Running::new(orders, task));
    }

    /// Messages across a cut are lost where they arrive, so that connections stay.
    fn changed(&mut self, change: &Change) {
        let (partition, cuts) = match change {
            Change::Part(partition) => (partition, true),
            Change::Heal(partition) => (partition, false),
            _ => return,
        };
        let all = 0..self.roster.programs;
        for (node, program) in &self.programs {
            let others = all.clone().filter(|other| partition.cuts(*other, node.0));
            let from: Vec<_> = others.map(NodeId).collect();
            if !from.is_empty() {
                program.order(Order::Command(match cuts {
                    true => Command::Cut { from },
                    false => Command::Heal { from },
                }));
            }
        }
    }

    fn halted(&mut self, node: NodeId, halts: bool) {
        if let Some(program) = self.programs.get(&node) {
            program.order(Order::Halt(halts));
        }
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.programs.clear();
        sweep::kill_marked(&self.mark);
        // A child may have left nothing, or what cannot be removed.
        let _ = fs::remove_dir_all(&self.folder);
    }
}
