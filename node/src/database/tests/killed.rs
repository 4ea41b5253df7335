//! A process that is killed while it writes.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use super::*;

/// Where the writer's file is. The test sets it for the process that it starts, which is the
/// same test again.
const FILE: &str = "TESTBED_DATABASE_OF_THE_WRITER";

/// What a line about a peer begins with.
const KEPT: &str = "kept ";

/// Writes peers into the file until it is killed, and says which are committed.
fn write_on(path: &Path) -> ! {
    let (mut store, _) = open::open(&settings(path, 100_000, 10)).expect("a file");
    loop {
        let peer = PeerId::random();
        let _ = store.saw(&sighting(peer), NOW, NOBODY).expect("saved");
        writeln!(std::io::stdout(), "{KEPT}{peer}").expect("the test reads it");
    }
}

#[test]
fn what_a_killed_process_has_committed_is_there() {
    if let Some(path) = std::env::var_os(FILE) {
        write_on(Path::new(&path));
    }
    // Before and after SQLite copies its log into the file, at 1,000 pages.
    for count in [1, 40, 700] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("peers.db");
        let this = std::env::current_exe().expect("this test");
        let mut writer = Command::new(this)
            .args(["--nocapture", "--exact"])
            .arg("database::tests::killed::what_a_killed_process_has_committed_is_there")
            .env(FILE, &path)
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut lines = BufReader::new(writer.stdout.take().expect("piped")).lines();
        let mut kept: Vec<PeerId> = Vec::new();
        while kept.len() < count {
            let line = lines.next().expect("it goes on").expect("a line");
            if let Some((_, peer)) = line.split_once(KEPT) {
                kept.push(peer.parse().expect("a PeerId"));
            }
        }
        // SIGKILL, in the middle of a change.
        writer.kill().expect("it runs");
        let status = writer.wait().expect("it ends");
        assert!(!status.success(), "{status}");

        let opened = open::open(&settings(&path, 100_000, 10));
        let (store, quarantined) = opened.expect("its lock has ended with it");
        assert_eq!(quarantined, None, "nothing is damaged");
        let all = candidates(&store, 100_000);
        for peer in kept {
            assert!(all.contains(&peer), "{peer} was committed");
        }
    }
}
