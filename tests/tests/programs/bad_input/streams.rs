//! Standard output and standard error that take nothing: the run is made and
//! saved all the same.

use std::process::Command;

use support::saved::no_panic;
use support::{Runs, run, saved};

/// `testbed ARGS` with its streams redirected as in `sh`.
fn redirected(streams: &str, runs: &Runs, args: &[&str]) -> Command {
    let testbed = runs.testbed(args);
    let mut shell = Command::new("bash");
    let script = format!("\"$0\" \"$@\" {streams}; exit ${{PIPESTATUS[0]}}");
    shell.args(["-c", &script]).arg(testbed.get_program());
    shell.args(testbed.get_args());
    shell
}

/// Options that make it write much there: logs, and the address of the metrics.
const TALKATIVE: [&str; 6] = [
    "-vv",
    "--peers=3",
    "--metrics=127.0.0.1:0",
    "--seed=1",
    "--transport=memory",
    "ping",
];

#[test]
fn a_closed_standard_error_does_not_change_the_result() {
    for streams in ["2> >(true)", "2>&-", "2>/dev/full", "2> >(head -c 10)"] {
        let runs = Runs::new();
        let ended = run(&mut redirected(streams, &runs, &TALKATIVE));
        no_panic(&ended);
        assert_eq!(ended.status, Some(0), "{streams}: {ended}");
        assert!(ended.stdout.contains("pass"), "{streams}: {ended}");
        assert_eq!(saved::record(&runs.only())["verdict"]["status"], "pass");
    }
}

/// A command that is refused ends with its status, too.
#[test]
fn a_usage_error_is_the_same_without_a_reader() {
    for streams in ["2> >(true)", "2>&-", "2>/dev/full"] {
        for args in [&["--peers=1", "ping"][..], &["--peers=x", "ping"]] {
            let runs = Runs::new();
            let ended = run(&mut redirected(streams, &runs, args));
            no_panic(&ended);
            assert_eq!(ended.status, Some(2), "{streams}: {ended}");
        }
    }
}

#[test]
fn a_closed_standard_output_is_no_error() {
    for (streams, status) in [
        ("| true", 0),
        ("| head -1", 0),
        (">&-", 0),
        (">/dev/full", 1),
    ] {
        for format in ["--format=text", "--format=json"] {
            let runs = Runs::new();
            let args = ["--peers=3", "--seed=1", format, "ping"];
            let ended = run(&mut redirected(streams, &runs, &args));
            no_panic(&ended);
            assert_eq!(ended.status, Some(status), "{streams}: {ended}");
            assert_eq!(saved::record(&runs.only())["verdict"]["status"], "pass");
        }
    }
}
