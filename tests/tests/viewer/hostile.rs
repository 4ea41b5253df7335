//! The names of peers are shown as text, in every view.

use std::fs;
use std::path::Path;

use support::{Runs, run};

use super::{has_browser, look, texts};

/// As it stands in JSON: a tag, and quotes for where text is an attribute.
const EVIL: &str = r#"<img src=x onerror=alert(1)>\"' onmouseover=alert(2)"#;

/// Puts the evil name in place of words in a file.
fn rename(path: &Path, words: &[&str], evil: &str) {
    let mut text = fs::read_to_string(path).expect("a file of the run");
    for word in words {
        text = text.replace(word, evil);
    }
    fs::write(path, text).expect("a file of the run");
}

/// A peer, a kind of message, keys and values of states and messages, the
/// version that a peer names, and what is said of the run.
fn poison(folder: &Path) {
    let names = [
        "peer-01",
        "TRANSFER",
        "PING",
        "balance",
        "rpc.system.name",
        "0.1.0",
        "total",
    ];
    rename(&folder.join("spans.jsonl"), &names, EVIL);
    let words = ["peer-01", "full", "conservation", "a mesh"];
    rename(&folder.join("run.json"), &words, EVIL);
    rename(&folder.join("results.csv"), &["peer-01"], EVIL);
}

#[test]
fn names_of_peers_are_shown_as_text() {
    if !has_browser() {
        return;
    }
    let runs = Runs::new();
    let ping = ["--peers", "3", "ping", "--to", "1", "--count", "3"];
    run(&mut runs.testbed(ping)).exits(0);
    run(&mut runs.testbed(["--peers", "5", "--seed", "1", "snapshot"])).exits(0);
    let entries = fs::read_dir(runs.path()).expect("the folder of runs");
    let folders: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    for folder in &folders {
        poison(folder);
    }
    let seen = look("hostile.mjs", &folders[0], ["<img src=x onerror=alert(1)>"]);
    assert_eq!(texts(&seen["problems"]), [""; 0]);
    let views = seen["found"].as_array().expect("views");
    assert!(views.len() > 16, "{views:?}");
    for view in views {
        assert_eq!(view["images"], 0, "{view}");
        assert_eq!(view["handlers"], 0, "{view}");
        // A view that shows no name would prove nothing.
        assert_eq!(view["named"], true, "{view}");
    }
}
