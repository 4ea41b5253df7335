//! What hubs do for each other.

use std::sync::Arc;

use algorithms::Fields;
use trace::steps::MessageRecord;

use super::book::Book;
use super::proof::place;
use super::requests::target_of;
use super::{Checks, Sent};

/// What other hubs are asked for a peer.
pub(super) struct Errand {
    peer: Arc<str>,
    /// The number of its question; 0 for an answer that it gives.
    question: i64,
    what: What,
    /// The hubs that were asked, in this order.
    asked: Vec<Arc<str>>,
    /// Those that have said that the receiver is not there.
    not_there: Vec<Arc<str>>,
}

enum What {
    HandOver(Parcel),
    Look { target: u64 },
}

/// What is handed over: its kind, the receiver, the peer's number and the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Parcel {
    kind: String,
    from: String,
    to: String,
    question: i64,
    bytes: i64,
}

impl Parcel {
    fn of(fields: &Fields) -> Self {
        let text = |name| fields.get_text(name).unwrap_or_default().to_owned();
        Self {
            kind: text("kind"),
            from: text("from"),
            to: text("to"),
            question: fields.get_integer("question").unwrap_or(0),
            bytes: fields.get_integer("data").unwrap_or(0),
        }
    }

    /// What a peer has asked for.
    fn asked(from: &str, message: &MessageRecord) -> Self {
        let fields = &message.fields;
        let to = fields.get_text("peer").or_else(|| fields.get_text("to"));
        Self {
            kind: message.kind.to_lowercase(),
            from: from.into(),
            to: to.unwrap_or_default().into(),
            question: fields.get_integer("number").unwrap_or(0),
            bytes: fields.get_integer("data").unwrap_or(0),
        }
    }

    /// Whether the receiver gets that.
    fn is(&self, sent: &Sent<'_>) -> bool {
        let kind = match &*self.kind {
            "forward" => "RELAYED",
            "call" => "CALLED",
            "answer" => "ANSWERED",
            _ => "DIAL_BACK",
        };
        let fields = sent.fields;
        let from = fields.get_text("peer").or_else(|| fields.get_text("from"));
        let number = fields.get_integer("number");
        sent.kind == kind
            && **sent.to == *self.to
            && from == Some(&self.from)
            && number.is_none_or(|number| number == self.question)
            && fields.get_integer("data").unwrap_or(0) == self.bytes
    }
}

impl Book<'_> {
    pub(super) fn is_full_for(&self, peer: &str) -> bool {
        let errands = self.errands.values();
        errands.filter(|errand| &*errand.peer == peer).count() >= self.terms.errands
    }

    /// The first hub is asked to pass on what a peer has paid for.
    pub(super) fn hands_over(
        &mut self,
        from: &Arc<str>,
        message: &MessageRecord,
        sent: &Sent<'_>,
        checks: &mut Checks,
    ) {
        let (parcel, told) = (Parcel::asked(from, message), Parcel::of(sent.fields));
        checks.handing.check(parcel == told, || {
            format!("{from} has paid for {parcel:?}, and handed over is {told:?}")
        });
        let question = if parcel.kind == "answer" {
            0
        } else {
            parcel.question
        };
        let order = self.terms.others(self.hub, place(&parcel.to));
        checks.found.check(order.first() == Some(&&**sent.to), || {
            format!(
                "{} is asked for {} before {:?}",
                sent.to,
                parcel.to,
                order.first()
            )
        });
        self.opens(from, question, What::HandOver(parcel), sent, checks);
    }

    /// A hub is asked for those near a place.
    pub(super) fn looks(
        &mut self,
        from: &Arc<str>,
        (question, target): (i64, u64),
        sent: &Sent<'_>,
        checks: &mut Checks,
    ) {
        self.opens(from, question, What::Look { target }, sent, checks);
    }

    fn opens(
        &mut self,
        from: &Arc<str>,
        question: i64,
        what: What,
        sent: &Sent<'_>,
        checks: &mut Checks,
    ) {
        let number = sent.fields.get_integer("number").unwrap_or(-1);
        checks.handing.check(self.numbers.insert(number), || {
            format!("{} has used the number {number} twice", self.hub)
        });
        let errand = Errand {
            peer: Arc::clone(from),
            question,
            what,
            asked: vec![Arc::clone(sent.to)],
            not_there: Vec::new(),
        };
        self.errands.insert(number, errand);
    }

    /// Another hub hands something over to this one.
    pub(super) fn took_over(
        &self,
        from: &str,
        fields: &Fields,
        answer: &[Sent<'_>],
        checks: &mut Checks,
    ) {
        let parcel = Parcel::of(fields);
        let is_here = self.registered.contains_key(&*parcel.to);
        let said = |kind| answer.iter().filter(move |sent| sent.kind == kind).count();
        let passed: Vec<_> = answer.iter().filter(|sent| &**sent.to != from).collect();
        checks.handing.check(
            passed.len() <= 1 && passed.iter().all(|sent| parcel.is(sent)),
            || {
                format!(
                    "{} was handed over by {from}, and not that was passed on",
                    parcel.to
                )
            },
        );
        let is_found = (passed.len(), said("HANDED_OVER"), said("NOT_HERE"));
        let expected = if is_here { (1, 1, 0) } else { (0, 0, 1) };
        checks.found.check(is_found == expected, || {
            let there = if is_here { "" } else { "not " };
            format!(
                "{} is {there}registered at {}, and {from} was told otherwise",
                parcel.to, self.hub
            )
        });
    }

    /// Another hub is told of the peers that are registered here.
    pub(super) fn showed(
        &self,
        from: &str,
        fields: &Fields,
        answer: &[Sent<'_>],
        checks: &mut Checks,
    ) {
        Self::answered(answer, from, None, checks);
        for sent in answer.iter().filter(|sent| sent.kind == "SEEN") {
            self.check_nearest((from, target_of(fields)), &[], sent, checks);
        }
    }

    /// What came of something that other hubs were asked: by a message of one of them, or
    /// because its time was up.
    pub(super) fn went_on(
        &mut self,
        received: Option<(&Arc<str>, &MessageRecord)>,
        answer: &[Sent<'_>],
        checks: &mut Checks,
    ) {
        let number = received.and_then(|(_, message)| message.fields.get_integer("number"));
        if let (Some((from, message)), Some(number)) = (received, number)
            && &*message.kind == "NOT_HERE"
            && let Some(errand) = self.errands.get_mut(&number)
            && errand.asked.contains(from)
        {
            errand.not_there.push(Arc::clone(from));
        }
        for sent in answer {
            match sent.kind {
                "HAND_OVER" => self.hands_on(sent, checks),
                "NEIGHBOURS" => self.shows(received, sent, checks),
                "REFUSED" => self.gives_up(sent, checks),
                "FORWARDED" | "REVERSED" => self.reports(received, sent, checks),
                _ => {}
            }
        }
        if let (Some((_, message)), Some(number)) = (received, number)
            && &*message.kind == "HANDED_OVER"
        {
            self.errands.remove(&number);
        }
    }

    /// The next hub is asked.
    fn hands_on(&mut self, sent: &Sent<'_>, checks: &mut Checks) {
        let number = sent.fields.get_integer("number").unwrap_or(-1);
        let told = Parcel::of(sent.fields);
        let Some(errand) = self.errands.get_mut(&number) else {
            return checks.handing.check(false, || {
                format!(
                    "{told:?} was handed over to {}, and nobody has asked for it",
                    sent.to
                )
            });
        };
        let is_same = matches!(&errand.what, What::HandOver(parcel) if *parcel == told);
        checks.handing.check(is_same, || {
            format!("{} has paid for something else than {told:?}", errand.peer)
        });
        let order = self.terms.others(self.hub, place(&told.to));
        let next = order.get(errand.asked.len()).copied();
        checks.handing.check(next == Some(&**sent.to), || {
            format!(
                "{} is asked for {}, and {next:?} is the next",
                sent.to, told.to
            )
        });
        errand.asked.push(Arc::clone(sent.to));
    }

    /// A peer hears which peers are near a place.
    fn shows(
        &mut self,
        received: Option<(&Arc<str>, &MessageRecord)>,
        sent: &Sent<'_>,
        checks: &mut Checks,
    ) {
        let question = sent.fields.get_integer("number").unwrap_or(-1);
        let of_message = received.and_then(|(_, message)| message.fields.get_integer("number"));
        let mut errands = self.errands.iter();
        let found = errands.find_map(|(number, errand)| match errand.what {
            What::Look { target }
                if errand.peer == *sent.to
                    && errand.question == question
                    && of_message.is_none_or(|of_message| of_message == *number) =>
            {
                Some((*number, target))
            }
            _ => None,
        });
        let Some((number, target)) = found else {
            return checks.nearest.check(false, || {
                format!(
                    "{} hears of neighbours, and has not asked for them",
                    sent.to
                )
            });
        };
        self.errands.remove(&number);
        let others = received.and_then(|(_, message)| message.fields.get_list("nodes"));
        self.check_nearest((sent.to, target), others.unwrap_or_default(), sent, checks);
    }

    /// A peer hears that its receiver was not found.
    fn gives_up(&mut self, sent: &Sent<'_>, checks: &mut Checks) {
        let question = sent.fields.get_integer("number").unwrap_or(-1);
        let code = sent.fields.get_text("code").unwrap_or("no code");
        let others = self.terms.hubs.len() - 1;
        let ended = |errand: &&Errand| {
            let is_known_to_none = errand.not_there.len() >= others;
            errand.peer == *sent.to
                && errand.question == question
                && matches!(errand.what, What::HandOver(_))
                && errand.asked.len() == others
                && match code {
                    "unknown_receiver" => is_known_to_none,
                    _ => code == "silent",
                }
        };
        let mut errands = self.errands.iter();
        let found = errands.find(|(_, errand)| ended(errand));
        let found = found.map(|(number, _)| *number);
        checks.found.check(found.is_some(), || {
            format!(
                "{} was refused with {code}, and not all hubs have said so",
                sent.to
            )
        });
        if let Some(number) = found {
            self.errands.remove(&number);
        }
    }

    /// A peer hears that its data was passed on.
    fn reports(
        &self,
        received: Option<(&Arc<str>, &MessageRecord)>,
        sent: &Sent<'_>,
        checks: &mut Checks,
    ) {
        let handed = received.filter(|(_, message)| &*message.kind == "HANDED_OVER");
        let number = handed.and_then(|(_, message)| message.fields.get_integer("number"));
        let errand = number.and_then(|number| self.errands.get(&number));
        let question = sent.fields.get_integer("number");
        let is_right = errand
            .is_some_and(|errand| errand.peer == *sent.to && Some(errand.question) == question);
        checks.found.check(is_right, || {
            format!(
                "{} hears that its data was passed on, and no hub has said so",
                sent.to
            )
        });
    }
}
