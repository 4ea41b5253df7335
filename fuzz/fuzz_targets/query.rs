//! What stands behind the `?` of a request, read by every parser of the viewer.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|query: &str| {
    testbed::viewer::read_query(query);
});
