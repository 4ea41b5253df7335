//! The conserved quantity: how much of it states, messages and channels have.

use algorithms::Fields;
use trace::history::History;

use super::cut::{Act, Cut, Run};

/// The fields with the conserved quantity: of a state, and of a message.
pub(super) const SHARE: &str = "total.share";
pub(super) const AMOUNT: &str = "amount";

/// The net amount that a process received before each place of its line; `None`
/// if it cannot be read.
pub(super) fn flows(run: &Run<'_>) -> Vec<Vec<Option<i64>>> {
    let of = |(process, line): (usize, &Vec<Act<'_>>)| {
        let mut sum = Some(0);
        let mut flows = vec![sum];
        for act in line {
            sum = sum.zip(flow(run, process, act)).map(|(sum, new)| sum + new);
            flows.push(sum);
        }
        flows
    };
    run.lines.iter().enumerate().map(of).collect()
}

/// How an act changes the process's share; `None` if that cannot be read.
fn flow(run: &Run<'_>, process: usize, act: &Act<'_>) -> Option<i64> {
    let amount = |from, id| {
        run.sent
            .get(&(from, id))?
            .message
            .fields
            .get_integer(AMOUNT)
    };
    match *act {
        Act::Send(id) => amount(process, id).map(|amount| -amount),
        Act::Receive(from, id) => amount(from, id),
        Act::Marker(..) | Act::MarkerCame(..) | Act::Record(_) => Some(0),
    }
}

/// A process's share at the start: that after its first step, less the change by
/// that step.
pub(super) fn start(history: &History, process: &str) -> Option<i64> {
    let first = history.processes.get(process)?.first()?;
    let amount = |fields: &Fields| match fields.get_text("snapshot") {
        Some(_) => Some(0),
        None => fields.get_integer(AMOUNT),
    };
    let sent: Option<i64> = first
        .events
        .iter()
        .map(|event| match event {
            trace::steps::Event::Sent { message, .. } => amount(&message.fields),
            trace::steps::Event::Output { .. } => Some(0),
        })
        .sum();
    let received = first.received.as_ref();
    let received = received.map_or(Some(0), |received| amount(&received.message.fields));
    Some(first.state.get_integer(SHARE)? + sent? - received?)
}

/// The total at the start.
pub(super) fn total(history: &History) -> Option<i64> {
    history
        .processes
        .keys()
        .map(|name| start(history, name))
        .sum()
}

/// The amounts in the states and in the channels of a cut. An error names what
/// cannot be read.
pub(super) fn in_cut(cut: &Cut<'_>) -> Result<(i64, i64), String> {
    let shares = cut
        .records
        .values()
        .filter_map(|r| r.state.get_integer(SHARE));
    let amount = |message: &Fields| {
        let unreadable =
            || format!("the message {message} in a channel has no readable `{AMOUNT}`");
        message.get_integer(AMOUNT).ok_or_else(unreadable)
    };
    let amounts: Result<i64, String> = cut.messages().map(amount).sum();
    Ok((shares.sum(), amounts?))
}
