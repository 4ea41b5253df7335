//! What is printed, and where to.

use std::fs;
use std::io::pipe;
use std::process::{Command, Stdio};

use support::{Runs, run, saved, testbed};

#[test]
fn json_is_what_was_saved() {
    let runs = Runs::new();
    let ended = run(&mut runs.testbed(["--peers=3", "ping", "--format", "json"])).exits(0);
    let printed = saved::valid(&ended.stdout);
    assert_eq!(printed, saved::record(&runs.only()));
    assert_eq!(ended.stderr, "");
}

#[test]
fn quiet_prints_the_result_alone() {
    let runs = Runs::new();
    let ended = run(&mut runs.testbed(["--peers=3", "ping", "--quiet"])).exits(0);
    assert!(!ended.stdout.contains("look at it"), "{ended}");
    assert!(ended.stdout.contains("verdict           pass"), "{ended}");
    assert_eq!(ended.stderr, "");
}

#[test]
fn the_shell_completes() {
    for (shell, part) in [
        ("bash", "complete -F _testbed"),
        ("zsh", "#compdef testbed"),
        ("fish", "complete -c testbed"),
        ("powershell", "Register-ArgumentCompleter"),
        ("elvish", "edit:completion"),
    ] {
        let ended = run(testbed().args(["completions", shell])).exits(0);
        assert!(ended.stdout.contains(part), "{shell}: {ended}");
    }
}

#[test]
fn bash_takes_the_completions() {
    let runs = Runs::new();
    let script = runs.path().join("testbed.bash");
    let ended = run(testbed().args(["completions", "bash"])).exits(0);
    fs::write(&script, ended.stdout).expect("a file");
    let offers = "source \"$0\"; COMP_WORDS=(testbed ping --ev); COMP_CWORD=2; \
                  _testbed testbed --ev ping; echo \"${COMPREPLY[@]}\"";
    let ended = run(Command::new("bash").args(["-c", offers]).arg(&script)).exits(0);
    assert_eq!(ended.stdout, "--every-pair\n", "{ended}");
}

#[test]
fn help_shows_examples() {
    for (args, parts) in [
        (
            &["--help"][..],
            &["Examples:", "testbed --peers 20 ping", "Exit status"][..],
        ),
        (&["-h"], &["Examples:"]),
        (
            &["ping", "--help"],
            &["--every-pair", "--peers", "--topology"],
        ),
        (&["view", "--help"], &["--listen"]),
        (&["--version"], &["testbed 0"]),
    ] {
        let ended = run(testbed().args(args)).exits(0);
        for part in parts {
            assert!(ended.stdout.contains(part), "{args:?} {part}: {ended}");
        }
    }
}

#[test]
fn a_closed_pipe_is_no_error() {
    for args in [
        &["ping", "--peers=3"][..],
        &["completions", "bash"],
        &["--help"],
    ] {
        let runs = Runs::new();
        let (reader, writer) = pipe().expect("a pipe");
        drop(reader);
        // Commands that save nothing refuse `--out`.
        let mut command = match args[0] {
            "ping" => runs.testbed([""; 0]),
            _ => support::testbed(),
        };
        command.args(args);
        command.stdout(writer).stderr(Stdio::piped());
        let output = command.output().expect("it starts");
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{args:?}: {message}");
        assert_eq!(message, "", "{args:?}");
    }
}

#[test]
fn both_outputs_may_be_closed() {
    let runs = Runs::new();
    let (reader, writer) = pipe().expect("a pipe");
    drop(reader);
    let mut command = runs.testbed(["-v", "--view=127.0.0.1:0", "ping", "--to=0"]);
    let both = writer.try_clone().expect("a second writer");
    let status = command.stdout(writer).stderr(both).status();
    // Wrong usage stays wrong usage, with both outputs closed.
    assert_eq!(status.expect("it starts").code(), Some(2));
    let (reader, writer) = pipe().expect("a pipe");
    drop(reader);
    let mut command = runs.testbed(["-v", "ping", "--peers=3"]);
    let both = writer.try_clone().expect("a second writer");
    let status = command.stdout(writer).stderr(both).status();
    assert_eq!(status.expect("it starts").code(), Some(0));
}
