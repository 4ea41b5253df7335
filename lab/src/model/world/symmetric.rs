//! Whether a process that is declared symmetric is.

use algorithms::{Algorithm, Choices, Effect, Input, NodeId, step_choosing};
use trace::steps::{Fault, catch};

use super::World;
use super::outcome::Given;
use crate::system::{Renaming, Symmetry};

impl<A: Algorithm> World<A> {
    /// The process that is declared symmetric, if its step is another one under another name.
    pub(super) fn asymmetry(
        &self,
        node: u32,
        given: &Given<A>,
        choices: &Choices,
    ) -> Option<Fault> {
        let (first, others) = self.fixed.identity.renamings.split_first()?;
        if others.is_empty() {
            return None;
        }
        let process = &self.processes[node as usize];
        let before = match given {
            Given::Restart => process.steps.restarts_as(),
            _ => process.steps.algorithm(),
        };
        let input = match given {
            Given::Start if self.fixed.starts == 1 => {
                if let Some(fault) = self.initial_asymmetry(node) {
                    return Some(fault);
                }
                Input::Start
            }
            Given::Start => Input::Start,
            Given::Restart => Input::Restart,
            Given::Command(command, _) => Input::Command(command.clone()),
            Given::Message(sent) => Input::Message {
                from: NodeId(sent.from),
                message: sent.message.clone(),
            },
            Given::Timer(place) => Input::Timer(process.timers.keys().nth(*place)?.clone()),
        };
        let symmetry = &self.fixed.identity.symmetry;
        let step = |names: &Renaming| {
            let mut process = (symmetry.process)(before, names);
            let input = symmetry.input(&input, names);
            let mut choices = Choices::new(choices.given().to_vec());
            let effects = step_choosing(&mut process, input, 0, &mut choices);
            (process, effects)
        };
        // A panic is a fault of its own.
        let differs = catch(|| {
            let (process, effects) = step(first);
            others.iter().find(|names| {
                let renamed = (symmetry.process)(&process, names);
                let sent = in_channels(symmetry.effects(&effects, names));
                let (process, effects) = step(names);
                (renamed, sent) != (process, in_channels(effects))
            })
        });
        Some(self.asymmetric(node, differs.ok()??))
    }

    /// The same of its initial state.
    fn initial_asymmetry(&self, node: u32) -> Option<Fault> {
        let identity = &self.fixed.identity;
        let of = |node: NodeId| self.processes[usize::from(node)].steps.algorithm();
        let differs = identity.renamings.iter().find(|names| {
            let renamed = (identity.symmetry.process)(of(NodeId(node)), names);
            renamed != *of(names.of(NodeId(node)))
        })?;
        Some(self.asymmetric(node, differs))
    }

    fn asymmetric(&self, node: u32, names: &Renaming) -> Fault {
        let name = |node| self.fixed.directory.name(node);
        Fault::Asymmetric {
            process: name(NodeId(node)),
            other: name(names.of(NodeId(node))),
        }
    }
}

impl<A: Algorithm> Symmetry<A> {
    fn input(&self, input: &Input<A>, names: &Renaming) -> Input<A> {
        match input {
            Input::Message { from, message } => Input::Message {
                from: names.of(*from),
                message: (self.message)(message, names),
            },
            Input::Start | Input::Restart | Input::Command(_) | Input::Timer(_) => input.clone(),
        }
    }

    fn effects(&self, effects: &[Effect<A>], names: &Renaming) -> Vec<Effect<A>> {
        let renamed = effects.iter().map(|effect| match effect {
            Effect::Send {
                to,
                message,
                within,
            } => Effect::Send {
                to: names.of(*to),
                message: (self.message)(message, names),
                within: *within,
            },
            Effect::Output(output) => Effect::Output((self.output)(output, names)),
            Effect::SetTimer { .. } | Effect::CancelTimer { .. } | Effect::Persist => {
                effect.clone()
            }
        });
        renamed.collect()
    }
}

/// The same effects by channel: the order between channels does not matter.
fn in_channels<A: Algorithm>(mut effects: Vec<Effect<A>>) -> Vec<Effect<A>> {
    effects.sort_by_key(|effect| match effect {
        Effect::Send { to, .. } => Some(*to),
        Effect::SetTimer { .. }
        | Effect::CancelTimer { .. }
        | Effect::Output(_)
        | Effect::Persist => None,
    });
    effects
}
