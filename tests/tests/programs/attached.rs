//! `testbed program --attach`: programs that connect by themselves.

use std::fs::{self, DirBuilder};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use support::saved::{Runs, refused};
use support::{Running, workspace};

use crate::any_language::is_ready;

/// Starts the starter in Python, attached by that name.
fn attached(socket: &Path, name: &str) -> Child {
    let starter = |file: &str| workspace().join("docs/starter").join(file);
    Command::new("python3")
        .arg(starter("attach.py"))
        .args([socket.as_os_str(), name.as_ref(), "python3".as_ref()])
        .arg(starter("python.py"))
        .stdin(Stdio::null())
        .spawn()
        .expect("Python")
}

/// The text of the error with which a first line is answered.
fn answer(socket: &Path, line: &str) -> String {
    let mut stream = UnixStream::connect(socket).expect("a socket");
    writeln!(stream, "{line}").expect("a connection");
    let mut text = String::new();
    BufReader::new(stream)
        .read_line(&mut text)
        .expect("an answer");
    text
}

fn waiting(socket: &Path, more: &str) -> (Runs, Running) {
    let runs = Runs::new();
    let words = format!(
        "program --attach unix:{} --peers 2 --workload echo --seconds 2 --rate 10{more}",
        socket.display()
    );
    let mut running = Running::start(&mut runs.testbed(words.split(' ')));
    running.line("waiting for 2 programs");
    (runs, running)
}

#[test]
fn programs_connect_by_themselves() {
    if !is_ready() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    // The folder of the socket is made, for this user alone.
    let socket = folder.path().join("own/p2p.sock");
    let (_runs, running) = waiting(&socket, "");
    let mode = fs::metadata(folder.path().join("own")).expect("a folder");
    assert_eq!(mode.permissions().mode() & 0o777, 0o700);

    // One that takes any name leaves n0 to the one that wants it.
    let mut first = attached(&socket, "");
    for (line, why) in [
        ("hello", "no JSON"),
        (
            r#"{"src":"","dest":"n0","body":{"type":"echo"}}"#,
            "the first line has to be attach; this is a echo to n0",
        ),
        (
            r#"{"src":"n7","dest":"testbed","body":{"type":"attach"}}"#,
            "is no program; the run has n0 to n1",
        ),
        (
            r#"{"src":"c0","dest":"testbed","body":{"type":"attach"}}"#,
            "is no program",
        ),
    ] {
        let answer = answer(&socket, line);
        assert!(answer.contains(why), "{line}: {answer}");
    }
    let mut second = attached(&socket, "n0");
    let ended = running.end().exits(0);
    assert!(
        ended.stdout.contains("each echo is what was said: holds"),
        "{ended}"
    );
    // The connections are closed, which ends them, and the socket is gone.
    for child in [&mut first, &mut second] {
        child.wait().expect("a program that ends");
    }
    assert!(!socket.exists());
}

#[test]
fn one_that_leaves_is_named() {
    if !is_ready() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("own/p2p.sock");
    let (_runs, running) = waiting(&socket, "");
    let mut stays = attached(&socket, "n0");
    let mut leaves = UnixStream::connect(&socket).expect("a socket");
    let attach = r#"{"src":"n1","dest":"testbed","body":{"type":"attach"}}"#;
    let init_ok = r#"{"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}"#;
    writeln!(leaves, "{attach}\n{init_ok}").expect("a connection");
    let mut init = String::new();
    let mut reader = BufReader::new(leaves.try_clone().expect("a connection"));
    reader.read_line(&mut init).expect("a line");
    assert!(init.contains("\"init\""), "{init}");
    drop((leaves, reader));
    let ended = running.end().exits(1);
    let why = "n1, peer-01 (step ";
    assert!(ended.stdout.contains(why), "{ended}");
    assert!(
        ended.stdout.contains("it has closed its connection"),
        "{ended}"
    );
    stays.wait().expect("a program that ends");
}

#[test]
fn a_socket_is_where_nobody_else_can_reach_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = folder.path().join("open");
    DirBuilder::new()
        .mode(0o755)
        .create(&open)
        .expect("a folder");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o755)).expect("a folder");
    let own = folder.path().join("own");
    DirBuilder::new()
        .mode(0o700)
        .create(&own)
        .expect("a folder");
    let file = own.join("file");
    fs::write(&file, "").expect("a file");
    let words = |rest: &str| format!("program --workload echo {rest}");
    let (open, file) = (open.display(), file.display());
    for (words, parts) in [
        (
            words(&format!("--attach unix:{open}/p2p.sock")),
            &["mode 755", "chmod 700"][..],
        ),
        (
            words(&format!("--attach unix:{file}")),
            &["it is there already, and no socket"],
        ),
        (words("--attach p2p.sock"), &["write unix: and a path"]),
        (
            words("--attach unix:p2p.sock --bin a"),
            &["cannot be used with"],
        ),
        (words(""), &["--bin"]),
        (
            words("--attach unix:p2p.sock --nemesis kill"),
            &["--nemesis kill", "run by themselves"],
        ),
        (words("--attach unix:p2p.sock -- a"), &["run by themselves"]),
        (
            words("--attach unix:p2p.sock --no-network"),
            &["--no-network", "run by themselves"],
        ),
    ] {
        refused(words.trim(), parts);
    }
}
