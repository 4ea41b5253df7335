//! The file: one process may have it open, and a damaged one is put aside.

use std::fs;
use std::path::PathBuf;

use property::proptest::prelude::Just;
use property::proptest::prop_assert;
use rusqlite::Connection;

use super::super::open::VERSION;
use super::*;

/// The path of a database with so many peers, whose file is closed.
fn written(count: i64) -> (PathBuf, TempDir) {
    let (mut store, folder) = store(1000, 1000);
    fill(&mut store, count);
    drop(store);
    (folder.path().join("peers.db"), folder)
}

fn error(settings: &Settings) -> Error {
    open::open(settings).expect_err("it cannot be opened")
}

/// Changes a file as another program would.
fn edited(path: &Path, sql: &str) {
    let file = Connection::open(path).expect("a file");
    file.execute_batch(sql).expect(sql);
}

#[test]
fn a_file_is_open_once() {
    let (store, folder) = store(10, 10);
    let settings = settings(&folder.path().join("peers.db"), 10, 10);
    let refused = error(&settings);
    assert!(matches!(refused, Error::InUse(_)), "{refused}");
    assert!(
        refused.to_string().contains("peers.db is in use"),
        "{refused}"
    );
    // No quarantine, and no lock that outlives its owner.
    drop(store);
    let (_store, quarantined) = open::open(&settings).expect("it is free");
    assert_eq!(quarantined, None);
    let names = fs::read_dir(folder.path()).expect("a folder");
    let names: Vec<_> = names
        .map(|name| name.expect("a name").file_name())
        .collect();
    let is_its_own = |name: &std::ffi::OsString| name.to_string_lossy().starts_with("peers.db");
    assert!(names.iter().all(is_its_own), "{names:?}");
}

#[test]
fn a_file_that_is_no_database_of_this_network_is_refused_and_left_as_it_is() {
    let (path, folder) = written(3);
    let good = settings(&path, 10, 10);
    let other = Settings {
        network: "another".to_owned(),
        ..good.clone()
    };
    let refused = error(&other).to_string();
    assert!(refused.contains("--network testbed/1.0.0"), "{refused}");
    let foreign = folder.path().join("foreign.db");
    edited(&foreign, "CREATE TABLE songs (name TEXT)");
    let before = fs::read(&foreign).expect("its bytes");
    let refused = error(&settings(&foreign, 10, 10)).to_string();
    assert!(refused.contains("of another program"), "{refused}");
    assert_eq!(fs::read(&foreign).expect("its bytes"), before);
    assert!(open::open(&good).is_ok(), "the first is as it was");
    edited(&path, &format!("PRAGMA user_version = {}", VERSION + 1));
    let refused = error(&good).to_string();
    assert!(refused.contains("take a newer testbed-node"), "{refused}");
}

#[test]
fn a_path_that_cannot_be_a_file_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let refused = |path: &Path| error(&settings(path, 10, 10)).to_string();
    let no_file = refused(folder.path());
    assert!(no_file.contains("is a folder"), "{no_file}");
    let lacking = refused(&folder.path().join("nowhere/peers.db"));
    assert!(lacking.contains("No such file"), "{lacking}");
    let device = refused(Path::new("/dev/null"));
    assert!(device.contains("no regular file"), "{device}");
}

#[test]
fn a_damaged_file_is_put_aside_and_a_new_one_begun() {
    let (path, _folder) = written(300);
    let good = fs::read(&path).expect("its bytes");
    let page = good.len() / 2;
    let mut spoilt = good.clone();
    spoilt[page..page + 4096].fill(0xaa);
    let mut headless = good.clone();
    headless[..100].fill(0);
    for (name, bytes) in [
        ("text", &b"no database at all\n"[..]),
        ("random", &[0x5a; 10_000]),
        ("cut", &good[..page]),
        ("spoilt", &spoilt),
        ("headless", &headless),
    ] {
        fs::write(&path, bytes).expect("written");
        let beside = with_end(&path, "-wal");
        fs::write(&beside, b"the journal of before").expect("written");
        let (mut store, quarantined) = open::open(&settings(&path, 10, 10)).expect(name);
        let kept = quarantined.expect(name).kept;
        assert_eq!(fs::read(&kept).expect("it is there"), bytes, "{name}");
        assert_eq!(store.count().expect("read"), (0, 0));
        fill(&mut store, 1);
        drop(store);
        let (_store, again) = open::open(&settings(&path, 10, 10)).expect(name);
        assert_eq!(again, None, "{name}: the new one is whole");
    }
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    PathBuf::from(format!("{}{end}", path.display()))
}

#[test]
fn tables_that_are_not_there_are_damage() {
    let (path, _folder) = written(3);
    edited(&path, "DROP TABLE network");
    let (_store, quarantined) = open::open(&settings(&path, 10, 10)).expect("a new one");
    let reason = quarantined.expect("the old one").reason;
    assert!(reason.contains("no such table: network"), "{reason}");
}

/// Whatever stands in a file, a node opens it, puts it aside or refuses it.
#[test]
fn random_damage_never_panics_and_never_stays() {
    let (path, folder) = written(100);
    let good = fs::read(&path).expect("its bytes");
    property::check(32, property::hostile(Just(good)), |bytes| {
        let path = folder.path().join("damaged.db");
        fs::write(&path, bytes).expect("written");
        match open::open(&settings(&path, 10, 10)) {
            Ok((mut store, _)) => {
                // What a look at all pages does not see, a change may meet.
                let _ = store.saw(&sighting(PeerId::random()), NOW, NOBODY);
                let _ = store.candidates(1000, NOBODY);
            }
            Err(error) => prop_assert!(!matches!(error, Error::InUse(_)), "{error}"),
        }
        for file in fs::read_dir(folder.path()).expect("a folder") {
            let file = file.expect("a file").path();
            if file.to_string_lossy().contains("damaged.db") {
                fs::remove_file(file).expect("removed");
            }
        }
        Ok(())
    });
}
