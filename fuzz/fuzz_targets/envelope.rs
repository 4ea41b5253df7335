//! An envelope that is read is written, and read again as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proto::{Bytes, Envelope};

fuzz_target!(|bytes: &[u8]| {
    match Envelope::decode(Bytes::copy_from_slice(bytes)) {
        Ok(envelope) => {
            let again = envelope.encode().expect("within its limits");
            assert_eq!(Envelope::decode(again.into()), Ok(envelope));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
