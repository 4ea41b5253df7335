//! The peer database: its rules, and what becomes of its file.

mod file;
mod killed;

use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};

use libp2p::PeerId;
use tempfile::TempDir;
use tokio::sync::oneshot;

use super::store::{DEAD, Saved, Store};
use super::worker::Worker;
use super::*;

/// Some time, in Unix seconds.
const NOW: i64 = 1_800_000_000;

/// Nobody has a connection.
const NOBODY: &dyn Fn(&PeerId) -> bool = &|_| false;

fn settings(path: &Path, size: u32, wanted: u32) -> Settings {
    Settings {
        path: path.to_owned(),
        network: "testbed/1.0.0".to_owned(),
        size,
        wanted,
    }
}

/// A new database in a folder of its own.
fn store(size: u32, wanted: u32) -> (Store, TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let opened = open::open(&settings(&folder.path().join("peers.db"), size, wanted));
    (opened.expect("a new file").0, folder)
}

fn address(text: &str) -> Multiaddr {
    text.parse().expect("an address")
}

fn sighting(peer: PeerId) -> Sighting {
    static PORT: AtomicU8 = AtomicU8::new(1);
    let port = PORT.fetch_add(1, Ordering::Relaxed);
    Sighting {
        peer,
        address: address(&format!("/ip4/20.0.0.3/tcp/{}", 4000 + u16::from(port))),
        certificate_end: None,
        lease_end: None,
    }
}

/// So many peers, each seen a second after the one before.
fn fill(store: &mut Store, count: i64) -> Vec<PeerId> {
    let peers: Vec<_> = (0..count).map(|_| PeerId::random()).collect();
    for (second, peer) in (0..).zip(&peers) {
        let saved = store.saw(&sighting(*peer), NOW + second, NOBODY);
        assert_eq!(saved.expect("saved"), Saved::Yes);
    }
    peers
}

fn fail(store: &mut Store, peer: &PeerId, times: i64) {
    for _ in 0..times {
        store.failed(peer, NOBODY).expect("saved");
    }
}

/// The peers that are dialled, in their order.
fn candidates(store: &Store, count: u32) -> Vec<PeerId> {
    let found = store.candidates(count, NOBODY).expect("read");
    let ids = found.iter().map(address::peer);
    ids.map(|peer| peer.expect("it ends in /p2p/")).collect()
}

#[test]
fn those_seen_last_are_dialled_first_and_dead_ones_only_where_others_lack() {
    let (mut store, _folder) = store(10, 10);
    let peers = fill(&mut store, 4);
    fail(&mut store, &peers[3], DEAD);
    fail(&mut store, &peers[2], 1);
    assert_eq!(candidates(&store, 3), [peers[1], peers[0], peers[2]]);
    assert_eq!(
        candidates(&store, 10),
        [peers[1], peers[0], peers[2], peers[3]]
    );
    assert_eq!(store.count().expect("read"), (3, 1));
    // One that is connected is not dialled.
    let others = store.candidates(1, &|peer| *peer == peers[1]);
    assert_eq!(address::peer(&others.expect("read")[0]), Some(peers[0]));
    // One that answers again is as good as others.
    let seen = store.saw(&sighting(peers[3]), NOW + 10, NOBODY);
    assert_eq!(seen.expect("saved"), Saved::Yes);
    assert_eq!(candidates(&store, 1), [peers[3]]);
}

#[test]
fn dead_ones_are_removed_when_there_are_enough_others() {
    let (mut store, _folder) = store(10, 3);
    let peers = fill(&mut store, 4);
    fail(&mut store, &peers[0], DEAD - 1);
    assert_eq!(store.count().expect("read"), (4, 0));
    fail(&mut store, &peers[0], 1);
    assert_eq!(store.count().expect("read"), (3, 0));
    // Two others are not enough.
    fail(&mut store, &peers[1], DEAD);
    assert_eq!(store.count().expect("read"), (2, 1));
    fill(&mut store, 1);
    assert_eq!(store.count().expect("read"), (3, 0));
}

#[test]
fn a_dead_one_that_is_connected_stays() {
    let (mut store, _folder) = store(10, 1);
    let peers = fill(&mut store, 2);
    for _ in 0..=DEAD {
        let failed = store.failed(&peers[0], &|peer| *peer == peers[0]);
        failed.expect("saved");
    }
    assert_eq!(store.count().expect("read"), (1, 1));
    fail(&mut store, &peers[0], 1);
    assert_eq!(store.count().expect("read"), (1, 0));
}

#[test]
fn a_full_database_evicts_dead_ones_then_the_oldest_and_never_connected_ones() {
    let (mut store, _folder) = store(4, 4);
    let peers = fill(&mut store, 4);
    fail(&mut store, &peers[2], DEAD);
    let connected = |peer: &PeerId| *peer == peers[0];
    let mut saw = |time| {
        let new = PeerId::random();
        let saved = store.saw(&sighting(new), NOW + time, &connected);
        assert_eq!(saved.expect("saved"), Saved::Yes);
        candidates(&store, 10)
    };
    assert!(!saw(10).contains(&peers[2]), "the dead one leaves");
    let kept = saw(11);
    assert!(!kept.contains(&peers[1]), "then the oldest");
    assert!(kept.contains(&peers[0]), "which has no connection");
    assert_eq!(kept.len(), 4);
    // Where all have one, a new peer has no place.
    let saved = store.saw(&sighting(PeerId::random()), NOW + 12, &|_| true);
    assert_eq!(saved.expect("read"), Saved::NoRoom);
    assert_eq!(candidates(&store, 10), kept);
}

#[test]
fn a_smaller_size_evicts_at_the_next_look() {
    let (mut large, folder) = store(10, 10);
    let peers = fill(&mut large, 10);
    drop(large);
    let path = folder.path().join("peers.db");
    let (mut small, _) = open::open(&settings(&path, 3, 10)).expect("its file");
    small.tidy(NOW + 20, NOBODY).expect("saved");
    assert_eq!(candidates(&small, 10), [peers[9], peers[8], peers[7]]);
}

#[test]
fn peers_whose_certificate_or_lease_has_ended_are_removed() {
    let (mut store, _folder) = store(10, 10);
    let peers = fill(&mut store, 3);
    let ends = |peer, certificate_end, lease_end| Sighting {
        certificate_end,
        lease_end,
        ..sighting(peer)
    };
    for seen in [
        ends(peers[0], Some(NOW + 100), None),
        ends(peers[1], Some(NOW + 300), Some(NOW + 200)),
        // What is not known leaves what was.
        ends(peers[0], None, None),
    ] {
        let _ = store.saw(&seen, NOW, NOBODY).expect("saved");
    }
    for (time, left) in [(99, 3), (100, 2), (200, 1), (100_000, 1)] {
        store.tidy(NOW + time, NOBODY).expect("saved");
        assert_eq!(candidates(&store, 10).len(), left, "after {time} s");
    }
    assert_eq!(candidates(&store, 10), [peers[2]]);
}

#[test]
fn an_address_of_a_local_network_does_not_replace_a_public_one_that_works() {
    let (mut store, _folder) = store(10, 10);
    let peer = PeerId::random();
    let mut saw = |text: &str, failures| {
        fail(&mut store, &peer, failures);
        let seen = Sighting {
            address: address(text),
            ..sighting(peer)
        };
        let _ = store.saw(&seen, NOW, NOBODY).expect("saved");
        let found = store.candidates(1, NOBODY).expect("read").remove(0);
        address::without(&found, peer).expect("its own").to_string()
    };
    let (public, moved) = ("/ip4/20.0.0.3/tcp/1", "/ip4/20.0.0.4/tcp/1");
    let local = "/ip4/192.168.0.7/tcp/1";
    assert_eq!(saw(local, 0), local);
    assert_eq!(saw(public, 0), public);
    assert_eq!(saw(local, 0), public);
    assert_eq!(saw(moved, 0), moved);
    assert_eq!(saw(local, 1), local);
}

#[test]
fn a_clock_that_was_ahead_keeps_nobody_for_ever() {
    let (mut store, _folder) = store(2, 2);
    let ahead = PeerId::random();
    let saved = store.saw(&sighting(ahead), NOW + 1_000_000, NOBODY);
    assert_eq!(saved.expect("saved"), Saved::Yes);
    store.tidy(NOW, NOBODY).expect("saved");
    for time in [1, 2] {
        let new = sighting(PeerId::random());
        let _ = store.saw(&new, NOW + time, NOBODY).expect("saved");
    }
    assert!(!candidates(&store, 10).contains(&ahead));
}

/// A database whose thread does nothing, and what waits for it.
fn unattended() -> (Database, mpsc::Receiver<Message>) {
    let (sender, messages) = mpsc::sync_channel(QUEUE);
    let database = Database {
        sender,
        connected: Arc::default(),
        counts: Counts::new(),
        closed: Arc::default(),
    };
    (database, messages)
}

#[tokio::test]
async fn a_full_queue_loses_changes_and_counts_them() {
    let (database, messages) = unattended();
    for _ in 0..QUEUE + 5 {
        database.failed(PeerId::random());
    }
    assert_eq!(database.counts.not_saved("queue"), 5);
    // A question that was lost is answered at once.
    assert_eq!(database.candidates(3).await, []);
    assert_eq!(database.counts.not_saved("queue"), 6);
    assert_eq!(messages.try_iter().count(), QUEUE);
}

/// Others decide what they claim: thousands of addresses cost nothing.
#[test]
fn only_dialled_addresses_of_ip_are_recorded() {
    let (database, messages) = unattended();
    let recorder = database.recorder();
    let (peer, relay) = (PeerId::random(), PeerId::random());
    recorder.connected(peer, None);
    for claimed in [
        "/dns4/example.org/tcp/1".to_owned(),
        "/memory/1".to_owned(),
        format!("/ip4/20.0.0.3/tcp/1/p2p/{relay}/p2p-circuit/p2p/{peer}"),
        format!("/ip4/20.0.0.3/tcp/1/p2p/{relay}"),
        format!("/ip4/20.0.0.3/tcp/1{}", "/ws".repeat(10_000)),
    ] {
        recorder.connected(peer, Some(&address(&claimed)));
    }
    assert_eq!(messages.try_iter().count(), 0);
    assert!(database.connected.has(&peer));
    let dialled = format!("/ip4/20.0.0.3/udp/1/quic-v1/p2p/{peer}");
    recorder.connected(peer, Some(&address(&dialled)));
    recorder.left(peer);
    assert!(!database.connected.has(&peer));
    let sent: Vec<_> = messages.try_iter().collect();
    assert!(
        matches!(&sent[..], [Message::Saw(seen), Message::Left(_)]
            if seen.address == address("/ip4/20.0.0.3/udp/1/quic-v1")),
        "{sent:?}"
    );
}

#[tokio::test]
async fn what_is_recorded_is_there_when_the_file_is_opened_again() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let settings = settings(&folder.path().join("peers.db"), 10, 10);
    let opened = Database::open(settings.clone()).await;
    let (database, quarantined) = opened.expect("a new file");
    assert_eq!(quarantined, None);
    let (peer, other) = (PeerId::random(), PeerId::random());
    let at = address("/ip4/127.0.0.1/tcp/4001");
    let recorder = database.recorder();
    recorder.connected(peer, Some(&at));
    recorder.connected(other, Some(&at));
    recorder.left(peer);
    // A full address, and not that of the one that is connected.
    let full = at.with_p2p(peer).expect("it names nobody");
    assert_eq!(database.candidates(5).await, std::slice::from_ref(&full));
    database.forget(other);
    database.close().await;

    let (database, _) = Database::open(settings).await.expect("its file");
    assert_eq!(database.candidates(5).await, [full]);
    assert_eq!(database.counts.kept(), (1, 0));
    database.close().await;
}

/// `max_page_count` is SQLite's own way to have no more room.
#[test]
fn a_full_disk_loses_changes_counts_them_and_stops_nothing() {
    let (mut store, _folder) = store(10_000, 10);
    let mut worker = Worker::new(Arc::default(), Counts::new());
    let limit = |store: &Store, pages: i64| {
        let limit =
            store
                .connection
                .pragma_update_and_check(None, "max_page_count", pages, |row| row.get::<_, i64>(0));
        limit.expect("a limit")
    };
    let pages = limit(&store, 1);
    assert!(pages > 1, "no fewer than there are");
    let peers: Vec<_> = (0..200).map(|_| PeerId::random()).collect();
    let mut see = |store: &mut Store| {
        for peer in &peers {
            let done = worker.on_message(Message::Saw(sighting(*peer)), store, NOW);
            worker.note(done);
        }
        worker.counts().not_saved("disk")
    };
    let lost = see(&mut store);
    assert!(lost > 0);
    let kept = store.count().expect("read").0;
    assert_eq!(kept + lost as i64, 200);
    let whole = store
        .connection
        .query_row("PRAGMA quick_check", [], |row| row.get::<_, String>(0));
    assert_eq!(whole.as_deref(), Ok("ok"));
    // There is room again.
    limit(&store, 1000);
    assert_eq!(see(&mut store), lost);
    assert_eq!(store.count().expect("read").0, 200);
}

#[test]
fn a_candidate_is_no_row_that_an_editor_has_spoilt() {
    let (mut store, folder) = store(10, 10);
    let peers = fill(&mut store, 1);
    for (peer, address) in [
        ("nobody", "/ip4/20.0.0.3/tcp/1"),
        (&*PeerId::random().to_string(), "'; DROP TABLE peers; --"),
        (&*PeerId::random().to_string(), "/memory/1"),
        (
            &*PeerId::random().to_string(),
            &format!("/ip4/20.0.0.3/tcp/1/p2p/{}", PeerId::random()),
        ),
    ] {
        let row = "INSERT INTO peers (peer, address, seen, failures) VALUES (?1, ?2, ?3, 0)";
        let spoilt = store.connection.execute(row, (peer, address, NOW));
        assert_eq!(spoilt, Ok(1));
    }
    assert_eq!(candidates(&store, 10), peers);
    drop(store);
    let path = folder.path().join("peers.db");
    let (store, _) = open::open(&settings(&path, 10, 10)).expect("its file");
    assert_eq!(store.count().expect("read"), (1, 0));
}

#[tokio::test]
async fn messages_are_answered_by_the_worker() {
    let (mut store, _folder) = store(10, 10);
    let peers = fill(&mut store, 2);
    let worker = Worker::new(Arc::default(), Counts::new());
    for _ in 0..DEAD {
        let failed = Message::Failed(peers[1]);
        worker.on_message(failed, &mut store, NOW).expect("saved");
    }
    let (reply, answer) = oneshot::channel();
    let ask = Message::Candidates { count: 1, reply };
    worker.on_message(ask, &mut store, NOW).expect("read");
    let found = answer.await.expect("an answer");
    assert_eq!(address::peer(&found[0]), Some(peers[0]));
    let left = Message::Left(peers[1]);
    worker
        .on_message(left, &mut store, NOW + 50)
        .expect("saved");
    let forget = Message::Forget(peers[0]);
    worker.on_message(forget, &mut store, NOW).expect("saved");
    assert_eq!(candidates(&store, 10), [peers[1]]);
}
