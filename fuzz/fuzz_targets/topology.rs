//! An edge list is read, or refused with its line.
#![no_main]

use std::fs;

use lab::topology::EdgeList;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    // In memory: the reader takes a file.
    let path = format!("/dev/shm/testbed-fuzz-{}", std::process::id());
    fs::write(&path, text).expect("a file in memory");
    let list = EdgeList::at(&path);
    match list.peers() {
        Ok(peers) => {
            let edges = list.edges(peers);
            assert!(peers == u32::MAX || edges.is_ok_and(|edges| !edges.is_empty()));
        }
        Err(error) => assert!(error.to_string().contains(&path)),
    }
});
