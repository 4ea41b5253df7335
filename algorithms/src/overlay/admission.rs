//! Who may have a link: those whose certificate the registry has signed, if there are certificates.

use super::{Message, Output, Overlay, Timer, Why};
use crate::babel;
use crate::membership::{self, Membership, Reason};
use crate::{Effect, Input, NodeId, Out};

impl Overlay {
    /// Which node it is.
    pub const fn id(&self) -> NodeId {
        self.me
    }

    /// With that node below it, which has no neighbours yet.
    pub fn with_membership(mut self, membership: Membership) -> Self {
        self.membership = Some(membership);
        self
    }

    /// Whether it has a certificate, or needs none.
    pub(super) fn is_admitted(&self) -> bool {
        self.membership.as_ref().is_none_or(Membership::is_admitted)
    }

    /// Whether that node has presented its certificate, or needs none.
    pub(super) fn trusts(&self, node: NodeId) -> bool {
        let membership = self.membership.as_ref();
        membership.is_none_or(|membership| membership.trusts(node))
    }

    /// Lets the membership protocol handle an input. Its outputs are those of the overlay too.
    pub(super) fn admit(&mut self, input: Input<Membership>, out: &mut Out<Self>) {
        let Some(membership) = &mut self.membership else {
            return;
        };
        let mut news = Vec::new();
        for effect in out.step_below(membership, input) {
            match effect {
                Effect::Send { to, message, .. } => out.send(to, Message::Membership(message)),
                Effect::SetTimer { timer, after } => {
                    out.set_timer(Timer::Membership(timer), after);
                }
                Effect::CancelTimer { timer } => out.cancel_timer(Timer::Membership(timer)),
                Effect::Output(output) => {
                    news.push(output.clone());
                    out.output(Output::Membership(output));
                }
                Effect::Persist => out.persist(),
            }
        }
        for output in news {
            self.on_news(&output, out);
        }
    }

    fn on_news(&mut self, output: &membership::Output, out: &mut Out<Self>) {
        use membership::Output as News;
        match *output {
            News::Trusted { neighbour, .. } if self.is_linked(neighbour) => {
                self.saw(neighbour, out);
                self.route(Input::Command(babel::Command::Up(neighbour)), out);
            }
            News::Refused {
                neighbour,
                why: Reason::Signature | Reason::Subject | Reason::Ended,
            } if !self.trusts(neighbour) => self.expel(neighbour, out),
            News::Expelled { neighbour, .. } => self.expel(neighbour, out),
            News::Enrolled { .. } => self.connect(out),
            News::Trusted { .. }
            | News::Refused { .. }
            | News::Issued { .. }
            | News::Configured { .. }
            | News::Shown { .. } => {}
        }
    }

    /// Others are asked a little later, so that nodes do not refuse each other without end.
    fn expel(&mut self, neighbour: NodeId, out: &mut Out<Self>) {
        if self.is_open(neighbour) {
            self.peers.failed(neighbour);
            out.persist();
            out.send(neighbour, Message::Close);
            self.drop_link(neighbour, Why::Expelled, out);
            self.connect_later(out);
        }
    }
}
