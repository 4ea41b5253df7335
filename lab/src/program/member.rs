//! A process of a run of programs: a program that another process stands for, one of its
//! clients, or a service.

use std::collections::BTreeMap;
use std::time::Duration;

use algorithms::{Algorithm, Describe, NodeId, Out, Role};
use proto::Bytes;
use serde_json::{Map, Value};

use super::body;
use super::poll::{Poll, ROUND};
use super::roster::{Part, Roster};
use super::service::{Body, Service};
use super::shown::Shown;
use super::wire::{Line, excerpt};

const MILLION: u32 = 1_000_000;

/// A message between processes: a line, as its sender has written it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
pub struct Letter {
    #[describe(flatten)]
    line: Line,
}

/// What happens to messages between programs, of a million each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize)]
pub struct Noise {
    /// How many are lost.
    pub lost: u32,
    /// How many come twice.
    pub doubled: u32,
}

/// What is asked of a process.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
pub enum Command {
    /// A client is to ask its program, with that body.
    Ask {
        /// The number of the client's operation.
        number: u64,
        /// A JSON object.
        #[describe(with = body::parts)]
        body: String,
    },
    /// The program has written that line.
    Said {
        /// The line.
        #[describe(flatten)]
        line: Line,
    },
    /// The program has written what is no message.
    Misprinted {
        /// The number of the line.
        number: u64,
        /// What is wrong with it.
        why: String,
        /// Its beginning.
        text: String,
    },
    /// Messages of these are lost from now on.
    Cut {
        /// Processes of programs.
        from: Vec<NodeId>,
    },
    /// Messages of these are lost no more.
    Heal {
        /// Processes of programs.
        from: Vec<NodeId>,
    },
    /// The program has told its state.
    Shows {
        /// A JSON object.
        state: String,
    },
    /// The program has ended, or does not do what it has to.
    Failed {
        /// Why it is said so.
        why: String,
    },
}

/// What a process says.
#[derive(Clone, Debug, PartialEq, Eq, Hash, algorithms::Output, Describe)]
pub enum Output {
    /// That line is for the standard input of the program.
    Delivered {
        /// The line.
        #[describe(skip)]
        line: Line,
    },
    /// A message of another program is lost, as the faults of the run say.
    Dropped {
        /// The other one.
        from: NodeId,
    },
    /// The program has answered the client.
    Answered {
        /// The operation.
        number: u64,
        /// The body of the answer.
        #[describe(with = body::parts)]
        body: String,
    },
    /// It has not, in time.
    TimedOut {
        /// The operation.
        number: u64,
    },
    /// The program has made a mistake.
    Wrong {
        /// Which.
        why: String,
        /// The beginning of the line.
        text: String,
    },
}

/// How long a client waits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Describe)]
pub struct Waits {
    /// For the answer to the operation of that number.
    number: u64,
}

/// The state of a process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Member {
    me: NodeId,
    roster: Roster,
    noise: Noise,
    /// How often messages of others are cut off: cuts may overlap.
    cut: BTreeMap<NodeId, u32>,
    state: State,
}

/// An operation of a client that is not answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Open {
    /// Its number.
    operation: u64,
    /// What it polls, if it polls to the end.
    polls: Option<Poll>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum State {
    /// What the program has told of its state.
    Program(Shown),
    Client {
        patience: Duration,
        /// The operations that are not answered, by the numbers of its messages.
        open: BTreeMap<u64, Open>,
    },
    Service(Service),
}

impl Member {
    /// That process. A client waits so long for an answer.
    pub fn new(me: NodeId, roster: Roster, noise: Noise, patience: Duration) -> Self {
        let state = match roster.part(me) {
            Some(Part::Client(_)) => State::Client {
                patience,
                open: BTreeMap::new(),
            },
            Some(Part::Service(name)) => {
                let program = State::Program(Shown::default());
                Roster::service(name).map_or(program, State::Service)
            }
            Some(Part::Program(_)) | None => State::Program(Shown::default()),
        };
        Self {
            me,
            roster,
            noise,
            cut: BTreeMap::new(),
            state,
        }
    }

    /// A message for the program. Between programs it may be lost, or come twice.
    fn deliver(&self, from: NodeId, line: Line, out: &mut Out<Self>) {
        let mut times = 1;
        if let Some(Part::Program(_)) = self.roster.part(from) {
            let Noise { lost, doubled } = self.noise;
            if self.cut.contains_key(&from) || (lost > 0 && out.random(0..MILLION) < lost) {
                return out.output(Output::Dropped { from });
            }
            times += u32::from(doubled > 0 && out.random(0..MILLION) < doubled);
        }
        for _ in 0..times {
            let line = line.clone();
            out.output(Output::Delivered { line });
        }
    }

    fn heal(&mut self, from: Vec<NodeId>) {
        for other in from {
            let left = self.cut.get(&other).map_or(0, |cuts| cuts - 1);
            match left {
                0 => self.cut.remove(&other),
                left => self.cut.insert(other, left),
            };
        }
    }

    /// Passes on what the program has written.
    fn pass_on(&self, line: Line, out: &mut Out<Self>) {
        let me = self.roster.name(self.me);
        if line.src != me {
            let src = excerpt(&line.src);
            self.blame(format!("it is {me}, and writes as {src:?}"), &line, out);
        }
        match self.roster.process(&line.dest) {
            Some(to) if to == self.me => out.output(Output::Delivered { line }),
            Some(to) if self.roster.are_neighbours(self.me, to) => out.send(to, Letter { line }),
            _ => {
                let Roster { programs, clients } = self.roster;
                let why = format!(
                    "{:?} is no process that it can send to; the run has the programs n0 to n{}, \
                     the clients c0 to c{}, of which a program reaches its own, and the services",
                    excerpt(&line.dest),
                    programs.saturating_sub(1),
                    clients.saturating_sub(1),
                );
                self.blame(why, &line, out);
            }
        }
    }

    fn blame(&self, why: String, line: &Line, out: &mut Out<Self>) {
        let text = excerpt(&line.body);
        out.output(Output::Wrong { why, text });
    }

    fn ask(&mut self, operation: u64, body: &str, out: &mut Out<Self>) {
        let mut body: Map<String, Value> = serde_json::from_str(body).unwrap_or_default();
        let polls = Poll::of(&mut body);
        self.send(operation, Open { operation, polls }, body, out);
    }

    /// Asks the program, and waits for the answer to the message of that number.
    fn send(&mut self, number: u64, asked: Open, mut body: Body, out: &mut Out<Self>) {
        let (me, roster) = (self.me, self.roster);
        let State::Client { patience, open } = &mut self.state else {
            return;
        };
        let Some(Part::Client(client)) = roster.part(me) else {
            return;
        };
        open.insert(number, asked);
        body.insert("msg_id".into(), number.into());
        let to = roster.asked_by(client);
        if let Ok(line) = Line::new(roster.name(me), roster.name(to), &body) {
            out.send(to, Letter { line });
        }
        out.set_timer(Waits { number }, *patience);
    }

    /// An answer that comes late, or twice, is not heard.
    fn on_answer(&mut self, line: Line, out: &mut Out<Self>) {
        let State::Client { open, .. } = &mut self.state else {
            return;
        };
        let Some(number) = line.in_reply_to else {
            return;
        };
        let Some(Open { operation, polls }) = open.remove(&number) else {
            return;
        };
        out.cancel_timer(Waits { number });
        let Some(mut polls) = polls else {
            let body = line.body;
            return out.output(Output::Answered {
                number: operation,
                body,
            });
        };
        match polls.take(line.fields()) {
            Ok(next) => {
                let asked = Open {
                    operation,
                    polls: Some(polls),
                };
                self.send(number + ROUND, asked, next, out);
            }
            Err(body) => out.output(Output::Answered {
                number: operation,
                body: Value::Object(body).to_string(),
            }),
        }
    }

    fn serve(&mut self, from: NodeId, line: &Line, out: &mut Out<Self>) {
        let (me, roster) = (self.me, self.roster);
        let State::Service(service) = &mut self.state else {
            return;
        };
        let client = roster.name(from);
        let answer = service.answer(&client, &line.fields(), |below| out.random(0..below));
        let Some(mut body) = answer else { return };
        if let Some(number) = line.msg_id {
            body.insert("in_reply_to".into(), number.into());
        }
        if let Ok(line) = Line::new(roster.name(me), client, &body) {
            out.send(from, Letter { line });
        }
    }
}

impl Algorithm for Member {
    type Message = Letter;
    type Timer = Waits;
    type Command = Command;
    type Output = Output;

    fn on_command(&mut self, command: Command, out: &mut Out<Self>) {
        match command {
            Command::Ask { number, body } => self.ask(number, &body, out),
            Command::Said { line } => self.pass_on(line, out),
            Command::Misprinted { number, why, text } => {
                let why = format!("line {number}: {why}");
                out.output(Output::Wrong { why, text });
            }
            Command::Cut { from } => {
                for other in from {
                    *self.cut.entry(other).or_default() += 1;
                }
            }
            Command::Heal { from } => self.heal(from),
            Command::Shows { state } => {
                if let State::Program(shown) = &mut self.state {
                    *shown = Shown::read(&state);
                }
            }
            Command::Failed { why } => {
                let text = String::new();
                out.output(Output::Wrong { why, text });
            }
        }
    }

    fn on_message(&mut self, from: NodeId, Letter { line }: Letter, out: &mut Out<Self>) {
        match &self.state {
            State::Program(_) => self.deliver(from, line, out),
            State::Client { .. } => self.on_answer(line, out),
            State::Service(_) => self.serve(from, &line, out),
        }
    }

    fn on_timer(&mut self, Waits { number }: Waits, out: &mut Out<Self>) {
        if let State::Client { open, .. } = &mut self.state
            && let Some(Open { operation, .. }) = open.remove(&number)
        {
            out.output(Output::TimedOut { number: operation });
        }
    }
}

impl algorithms::Message for Letter {
    fn kind(&self) -> &'static str {
        self.line.kind
    }

    fn role(&self) -> Role {
        match (self.line.msg_id, self.line.in_reply_to) {
            (_, Some(_)) => Role::Reply,
            (Some(_), None) => Role::Request,
            (None, None) => Role::OneWay,
        }
    }

    fn to_payload(&self) -> Bytes {
        Bytes::from(self.line.as_written())
    }

    fn from_payload(payload: Bytes) -> Option<Self> {
        let text = std::str::from_utf8(&payload).ok()?;
        Line::parse(text).ok().map(|line| Self { line })
    }
}

impl Describe for Member {
    fn describe(&self, fields: &mut algorithms::Fields) {
        match &self.state {
            State::Program(shown) => shown.describe(fields),
            State::Client { open, .. } => fields.integer("open", open.len()),
            State::Service(_) => {}
        }
    }
}
