//! A file of Jaeger's is read, and what was read is written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::json;
use trace::jaeger;

fuzz_target!(|text: &[u8]| {
    let Ok(read) = jaeger::read(text) else { return };
    assert_eq!(read.left_out.spans > 0, read.left_out.first.is_some());
    let written = json!({ "data": jaeger::traces(read.data) });
    let written = serde_json::to_vec(&written).expect("memory takes everything");
    let again = jaeger::read(&written).expect("our own");
    assert_eq!(again.left_out.spans, 0, "{:?}", again.left_out);
});
