//! Jaeger's JSON, which its page opens from a file. One trace is in memory at a
//! time.

use std::io::{self, Write};

use crate::jaeger;
use crate::store::{Query, Store};

/// The oldest trace first.
pub(super) fn write(store: &Store, out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"{\"data\":[")?;
    let ids = store.find(&Query::default());
    let found = ids.into_iter().rev().filter_map(|id| store.trace(id));
    for (number, trace) in found.flat_map(jaeger::traces).enumerate() {
        let between: &[u8] = if number == 0 { b"\n" } else { b",\n" };
        out.write_all(between)?;
        serde_json::to_writer(&mut *out, &trace)?;
    }
    out.write_all(b"\n],\"total\":0,\"limit\":0,\"offset\":0,\"errors\":null}\n")
}
