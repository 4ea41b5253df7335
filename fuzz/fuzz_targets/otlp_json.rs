//! OTLP JSON that is read is written, and read again as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trace::otlp::{self, Json};

fuzz_target!(|text: &[u8]| {
    let _ = otlp::read_saved(text, 1);
    let Ok(read) = otlp::read(text) else { return };
    assert_eq!(read.left_out.spans > 0, read.left_out.first.is_some());
    let written = serde_json::to_vec(&Json(&read.data)).expect("memory takes everything");
    let again = otlp::read(&written).expect("our own");
    assert_eq!(again.left_out.spans, 0, "{:?}", again.left_out);
    // As text: what is no number is not equal to itself.
    let rewritten = serde_json::to_vec(&Json(&again.data)).expect("memory takes everything");
    assert_eq!(written, rewritten);
});
