//! The tables of an answer, as named columns.
//!
//! A table is sent to the page as `{"peer":[0,1],"kind":[3,3],…}`: one list for each
//! column, all of equal length. So columns are accessed by name on both sides, and a
//! name is sent once instead of in each row.

use serde::Serialize;

/// A struct of columns, and the struct of one of its rows. Rows are added whole, so all
/// columns are equally long.
macro_rules! table {
    ($(#[$about:meta])* $table:ident of $row:ident { $($(#[$doc:meta])* $name:ident: $type:ty,)* }) => {
        $(#[$about])*
        #[derive(Debug, Default, Serialize)]
        pub(super) struct $table {
            $($(#[$doc])* $name: Vec<$type>,)*
        }

        /// A row of the table of that name.
        #[derive(Debug)]
        pub(super) struct $row {
            $(pub(super) $name: $type,)*
        }

        impl $table {
            pub(super) fn push(&mut self, row: $row) {
                $(self.$name.push(row.$name);)*
            }
        }
    };
}

table! {
    /// The steps. `sender`, `message` and `sequence` are those of the message that
    /// the step handles: -1, an empty text and -1 if it handles none.
    Steps of Step {
        /// Place in the table of peers.
        peer: usize,
        /// Place in the table of kinds: of the message that it handles, or `timer`, ….
        kind: usize,
        /// Number of the step in its peer.
        number: u64,
        /// Time in nanoseconds after the answer's `base`.
        at: i64,
        /// Duration of its span, in nanoseconds.
        duration: u64,
        /// Place in the table of traces.
        trace: usize,
        /// Id of its span.
        span: String,
        /// Place in the table of peers.
        sender: i64,
        /// Id of the message, unique for its sender.
        message: String,
        /// Sequence number in the channel.
        sequence: i64,
        /// The timer that it handles; empty if it handles none.
        timer: String,
    }
}

table! {
    /// The messages that the steps send.
    Sends of Send {
        /// Place among the steps of this answer.
        step: usize,
        /// Place in the table of peers.
        receiver: usize,
        /// Place in the table of kinds.
        kind: usize,
        /// Id of the message.
        message: String,
        /// Its fields, as text.
        text: String,
        /// 1 for a control message of a snapshot algorithm, otherwise 0.
        control: u8,
    }
}

table! {
    /// The outputs of the steps.
    Outputs of Output {
        /// Place among the steps of this answer.
        step: usize,
        /// Place in the table of kinds.
        kind: usize,
        /// Its fields, as text.
        text: String,
    }
}

table! {
    /// The messages that were lost.
    Losses of Loss {
        /// Place in the table of peers.
        sender: usize,
        /// Place in the table of peers.
        receiver: usize,
        /// Id of the message.
        message: String,
        /// The class of the loss: `lost`, `cut`, `down` or `undelivered`.
        cause: &'static str,
        /// Why it was lost.
        reason: String,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::Value;

    use super::*;
    use crate::viewer::page;

    fn columns(table: &impl Serialize) -> BTreeMap<String, String> {
        let table = serde_json::to_value(table).expect("JSON");
        let columns = table.as_object().expect("an object").iter();
        let kind = |column: &Value| if column[0].is_string() { "''" } else { "0" };
        columns
            .map(|(name, column)| (name.clone(), kind(column).to_owned()))
            .collect()
    }

    /// The page names these columns and their types once, in `TABLES`.
    #[test]
    fn the_page_names_the_same_columns() {
        let file = page::read("answer-tables.js").expect("a file of the page");
        let text = String::from_utf8(file.into_owned()).expect("UTF-8");
        let named = |table: &str| {
            let (_, rest) = text.split_once(&format!("\n  {table}: {{")).expect(table);
            let (columns, _) = rest.split_once('}').expect("an end");
            let columns = columns
                .split(',')
                .filter(|column| !column.trim().is_empty());
            let column = |column: &str| {
                let (name, kind) = column.split_once(": ").expect("a name and a value");
                (name.trim().to_owned(), kind.trim().to_owned())
            };
            columns.map(column).collect::<BTreeMap<_, _>>()
        };
        let text = String::new;
        let (mut steps, mut sends) = (Steps::default(), Sends::default());
        let (mut outputs, mut losses) = (Outputs::default(), Losses::default());
        steps.push(Step {
            peer: 0,
            kind: 0,
            number: 0,
            at: 0,
            duration: 0,
            trace: 0,
            span: text(),
            sender: 0,
            message: text(),
            sequence: 0,
            timer: text(),
        });
        sends.push(Send {
            step: 0,
            receiver: 0,
            kind: 0,
            message: text(),
            text: text(),
            control: 0,
        });
        outputs.push(Output {
            step: 0,
            kind: 0,
            text: text(),
        });
        losses.push(Loss {
            sender: 0,
            receiver: 0,
            message: text(),
            cause: "lost",
            reason: text(),
        });
        for (table, sent) in [
            ("steps", columns(&steps)),
            ("sends", columns(&sends)),
            ("outputs", columns(&outputs)),
            ("losses", columns(&losses)),
        ] {
            assert_eq!(named(table), sent, "{table}");
        }
    }
}
