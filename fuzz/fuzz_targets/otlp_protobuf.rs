//! A request in protobuf is read down to its spans, and these become JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proto::Bytes;
use trace::otlp::{self, Json};

fuzz_target!(|request: &[u8]| {
    let Ok(read) = otlp::read_protobuf(Bytes::copy_from_slice(request)) else {
        return;
    };
    let written = serde_json::to_vec(&Json(&read.data)).expect("memory takes everything");
    let again = otlp::read(&written).expect("our own");
    assert_eq!(again.left_out.spans, 0, "{:?}", again.left_out);
});
