use super::*;

fn parse(text: &str) -> Result<Assignment, String> {
    Assignment::parse(Path::new("a.toml"), text).map_err(|error| error.to_string())
}

#[test]
fn an_assignment_is_read() {
    let text = r#"
        title = "Broadcast"
        workload = "broadcast"
        network = "open"
        [budget]
        time = "90s"
        memory = "256M"
        output = "1M"
        repeat = 0
        [[run]]
        title = "a partition"
        points = 12.5
        show = "verdict"
        visibility = "after_published"
        seeds = [3, 4]
        peers = 5
        clients = 3
        rate = 20
        seconds = 6
        recovery = "2s"
        latency = "exponential:10ms"
        nemesis = ["partition", "one-way"]
        nemesis-interval = "2s"
        loss = 0.1
        duplication = 0.2
        neighbours = "tree4"
        expect = ["msgs-per-op < 30"]
    "#;
    let assignment = parse(text).expect("valid");
    assert_eq!(assignment.network, Network::Open);
    assert_eq!(assignment.budget.memory, 256 << 20);
    assert_eq!(assignment.points(), 12.5);
    let run = &assignment.runs[0];
    assert_eq!(
        (run.show, run.visibility),
        (Show::Verdict, Visibility::AfterPublished)
    );
    assert_eq!(
        crate::grade::words(&assignment, run).join(" "),
        "--workload broadcast --peers 5 --clients 3 --rate 20 --seconds 6 --recovery 2000ms \
         --latency exponential:10ms --nemesis partition,one-way --nemesis-interval 2000ms \
         --loss 0.1 --duplication 0.2 --neighbours tree4 --expect msgs-per-op < 30"
    );
}

/// What is not given is as on the command line of `testbed program`.
#[test]
fn a_run_needs_a_title_and_points() {
    let text = "title = \"T\"\nworkload = \"echo\"\n[[run]]\ntitle = \"R\"\npoints = 1";
    let assignment = parse(text).expect("valid");
    let run = &assignment.runs[0];
    let words = crate::grade::words(&assignment, run).join(" ");
    assert_eq!(
        words,
        "--workload echo --rate 5 --seconds 20 --recovery 5000ms"
    );
    assert_eq!(assignment.limit(run), Duration::from_secs(90));
    assert_eq!(run.seeds, [1]);
}

#[test]
fn a_crate_has_commands() {
    let head = "title = \"T\"\n[crate]\ntemplate = \"wave\"\nfiles = [\"src/main.rs\"]\n";
    let run = "[[run]]\ntitle = \"R\"\npoints = 1\n";
    let text = format!("{head}{run}command = \"simulate --peers 10\"");
    let assignment = parse(&text).expect("valid");
    assert!(matches!(assignment.subject, Subject::Crate(_)));
    let words = crate::grade::words(&assignment, &assignment.runs[0]);
    assert_eq!(words.join(" "), "simulate --peers 10");
    for (text, part) in [
        (format!("{head}{run}"), "a.toml:5: missing field `command`"),
        (
            format!("{head}{run}command = \"live\""),
            "simulate or check",
        ),
        (
            format!("{head}{run}command = \"check --seed 1\""),
            "write seeds",
        ),
        (
            format!("{head}{run}peers = 5"),
            "a.toml:8: unknown field `peers`",
        ),
        (
            format!("workload = \"echo\"\n{head}{run}command = \"check\""),
            "a.toml:1: unknown field `workload`",
        ),
    ] {
        let error = parse(&text).expect_err(&text);
        assert!(error.contains(part), "{text}\n{part}: {error}");
    }
}

/// Errors name file, line, value, and what is allowed.
#[test]
fn mistakes_are_named_with_their_line() {
    let head = "title = \"T\"\nworkload = \"echo\"\n";
    let run = "[[run]]\ntitle = \"R\"\npoints = 1\n";
    for (text, parts) in [
        (
            "title = \"T\"\nworkload = \"chess\"".to_owned(),
            &["a.toml:2: ", "\"chess\" is none of echo, unique-ids"][..],
        ),
        (head.to_owned(), &["a.toml:1: 0 runs", "[[run]]"]),
        (
            format!("{head}colour = 1\n{run}"),
            &["a.toml:3: ", "colour", "expected one of", "`budget`"],
        ),
        (
            format!("{head}{run}pears = 5"),
            &["a.toml:6: ", "pears", "`peers`"],
        ),
        (
            format!("{head}{run}show = \"some\""),
            &["a.toml:6: ", "some", "`nothing`"],
        ),
        (
            format!("{head}{run}visibility = \"later\""),
            &["a.toml:6: ", "`after_due_date`"],
        ),
        (
            format!("{head}{run}nemesis = [\"flood\"]"),
            &["a.toml:6: ", "none of partition, one-way"],
        ),
        (
            format!("{head}{run}recovery = \"soon\""),
            &["a.toml:6: ", "\"soon\"", "50ms"],
        ),
        (
            format!("{head}{run}latency = \"slow\""),
            &["a.toml:6: ", "slow", "5ms"],
        ),
        (
            format!("{head}{run}expect = [\"speed > 1\"]"),
            &["a.toml:6: ", "none of msgs-per-op"],
        ),
        (
            format!("{head}{run}seeds = []"),
            &["a.toml:3: \"R\": 0 seeds"],
        ),
        (format!("{head}{run}seeds = [-1]"), &["a.toml:6: ", "-1"]),
        (
            format!("{head}{run}{run}"),
            &["a.toml:6: two runs are called \"R\""],
        ),
        (
            format!("{head}[[run]]\ntitle = \"R\"\npoints = -1"),
            &["a.toml:3: ", "points = -1"],
        ),
        (
            format!("{head}[[run]]\ntitle = \"R\"\npoints = nan"),
            &["a.toml:3: ", "points = NaN"],
        ),
        (
            format!("{head}[[run]]\ntitle = \"R\""),
            &["a.toml:3: ", "points"],
        ),
        (
            format!("{head}[budget]\nmemory = \"lots\"\n{run}"),
            &["a.toml:4: ", "lots", "256M"],
        ),
        (
            format!("{head}[budget]\ntime = \"10s\"\n{run}"),
            &["a.toml:5: ", "raise time in [budget]"],
        ),
        (
            format!("{head}[budget]\nrepeat = 11\n{run}"),
            &["a.toml:1: ", "at most 10"],
        ),
        ("title =".to_owned(), &["a.toml:1: "]),
    ] {
        let error = parse(&text).expect_err(&text);
        for part in parts {
            assert!(error.contains(part), "{text}\n{part}: {error}");
        }
    }
}
