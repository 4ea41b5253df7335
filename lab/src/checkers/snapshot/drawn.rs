//! The snapshots of a run, as a diagram draws them.

use std::collections::BTreeMap;

use algorithms::Fields;
use serde::Serialize;
use trace::history::History;

use super::cut::{Cut, Run};

/// A snapshot: where it cuts the lines of the processes, and what it found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Drawn {
    /// Its id.
    pub snapshot: String,
    /// When the first process recorded, in nanoseconds after `base` of the
    /// diagram.
    pub began: i64,
    /// What each process recorded.
    pub recorded: Vec<DrawnState>,
    /// The processes that reported their channels.
    pub finished: Vec<String>,
    /// Those of them whose channels are not all in the record: a message that is
    /// missing there proves nothing.
    pub unreadable: Vec<String>,
    /// The recorded channels that held messages.
    pub channels: Vec<DrawnChannel>,
    /// The processes that reported it complete.
    pub complete: Vec<String>,
    /// The processes that aborted it.
    pub aborted: Vec<DrawnAbort>,
    /// The processes that had been stopped when it was aborted.
    pub stopped: Vec<String>,
}

/// A recorded state: that before the message which the step handles, so the cut
/// is before the message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DrawnState {
    /// The process.
    pub peer: String,
    /// The number of the step in which it was recorded.
    pub step: u64,
    /// Its fields, as text.
    pub state: BTreeMap<String, String>,
}

/// A channel with messages in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DrawnChannel {
    /// The sender.
    pub from: String,
    /// The receiver.
    pub to: String,
    /// Its messages, in order.
    pub messages: Vec<String>,
}

/// A process that timed out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DrawnAbort {
    /// The process.
    pub peer: String,
    /// The processes whose reports were missing.
    pub missing: Vec<String>,
}

/// All snapshots of a run, in the order of their ids. Times count from `base`, in
/// nanoseconds since 1970.
pub fn drawn(history: &History, base: u64) -> Vec<Drawn> {
    let run = Run::read(history);
    let name = |process: &usize| run.names[*process].to_string();
    let cuts = run.cuts.iter().map(|(id, cut)| Drawn {
        snapshot: (*id).to_owned(),
        began: i64::try_from(i128::from(cut.began) - i128::from(base)).unwrap_or_default(),
        recorded: (cut.records.iter())
            .map(|(process, recorded)| DrawnState {
                peer: name(process),
                step: recorded.step,
                state: (recorded.state.iter())
                    .map(|(field, value)| (field.to_owned(), value.to_string()))
                    .collect(),
            })
            .collect(),
        finished: cut.channels.keys().map(name).collect(),
        unreadable: cut.unreadable.iter().map(name).collect(),
        channels: (cut.channels.iter())
            .flat_map(|(to, channels)| channels.iter().map(move |channel| (to, channel)))
            .filter(|(_, (_, messages))| !messages.is_empty())
            .map(|(to, (from, messages))| DrawnChannel {
                from: name(from),
                to: name(to),
                messages: messages.iter().map(Fields::to_record).collect(),
            })
            .collect(),
        complete: cut.complete.iter().map(name).collect(),
        aborted: (cut.aborted.iter())
            .map(|abort| DrawnAbort {
                peer: name(&abort.process),
                missing: abort.missing.iter().map(ToString::to_string).collect(),
            })
            .collect(),
        stopped: stopped(history, cut),
    });
    cuts.collect()
}

fn stopped(history: &History, cut: &Cut<'_>) -> Vec<String> {
    let aborts = cut.aborted.iter().map(|abort| abort.at_unix_nano);
    let Some(end) = aborts.max() else {
        return Vec::new();
    };
    let crashes = history.crashes.iter().filter(|crash| crash.at <= end);
    crashes.map(|crash| crash.process.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use algorithms::Field;

    use trace::history::CrashRecord;

    use super::super::overview::overview;
    use super::*;
    use crate::checkers::by_hand::{ByHand, Named, list, text};

    const PEERS: [&str; 3] = ["peer-00", "peer-01", "peer-02"];

    fn about(id: &str) -> [Named; 1] {
        [text("snapshot", id)]
    }

    #[test]
    fn snapshots_stand_in_the_order_of_their_numbers() {
        let mut run = ByHand::new(PEERS);
        for id in ["10/0", "0/10", "2/0", "0/2", "0/1"] {
            run.step("peer-00").at_unix_nano = 1000;
            run.say("peer-00", "Recorded", about(id));
        }
        let drawn = drawn(&run.history, 400);
        let ids: Vec<_> = drawn.iter().map(|one| one.snapshot.as_str()).collect();
        assert_eq!(ids, ["0/1", "0/2", "0/10", "2/0", "10/0"]);
        assert!(drawn.iter().all(|one| one.began == 600), "{drawn:?}");
    }

    #[test]
    fn an_aborted_snapshot_states_what_was_missing() {
        let mut run = ByHand::new(PEERS);
        for peer in ["peer-00", "peer-01"] {
            run.say(peer, "Recorded", about("0/0"));
        }
        run.say("peer-01", "Finished", about("0/0"));
        run.step("peer-00").at_unix_nano = 50;
        let missing = list("missing", &PEERS);
        run.say(
            "peer-00",
            "Aborted",
            about("0/0").into_iter().chain([missing]),
        );
        let crash = |process: &str, at| CrashRecord {
            process: process.into(),
            at,
            restarted: None,
        };
        run.history.crashes = vec![crash("peer-02", 50), crash("peer-01", 51)];
        let drawn = drawn(&run.history, 0);
        let [one] = &drawn[..] else {
            panic!("{drawn:?}")
        };
        assert_eq!(one.finished, ["peer-01"]);
        assert_eq!(one.stopped, ["peer-02"], "not what was stopped later");
        assert_eq!(one.aborted[0].missing, PEERS);
        let lines = overview(&run.history).lines;
        let expected = "  aborted by peer-00: no state from peer-02; channels still open at \
                        peer-00; closed its channels, but its report did not arrive: peer-01";
        assert_eq!(lines.last().map(String::as_str), Some(expected));
    }

    #[test]
    fn malformed_channels_are_unreadable() {
        let as_text = ("channel.1".into(), Field::Text("[x]".to_owned()));
        let unknown = list("channel.77", &["id=x"]);
        let known = list("channel.1", &["id=x"]);
        let no_message = list("channel.1", &["x"]);
        let cases = [
            (as_text, true),
            (unknown, true),
            (no_message, true),
            (known, false),
        ];
        for (channel, unreadable) in cases {
            let mut run = ByHand::new(PEERS);
            run.say("peer-00", "Recorded", about("0/0"));
            let said = about("0/0").into_iter().chain([channel]);
            run.say("peer-00", "Finished", said);
            let drawn = drawn(&run.history, 0);
            assert_eq!(drawn[0].finished, ["peer-00"]);
            assert_eq!(!drawn[0].unreadable.is_empty(), unreadable, "{drawn:?}");
        }
    }
}
