//! The distributions and traces of outages.

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

fn drawn(text: &str) -> Outages {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

/// The share of drawn outages that end within each of these times.
fn shares<const N: usize>(outages: &Outages, times: [Duration; N]) -> [f64; N] {
    let peers: Vec<_> = (0..100).map(Subject::Peer).collect();
    let run = outages.draw(&peers, MINUTE, 2000 * MINUTE, 1);
    let run = run.expect("not too many");
    // Those that the end of the run cuts short are left out.
    let whole = run.iter().filter(|outage| outage.until < 2000 * MINUTE);
    let lasted: Vec<_> = whole.map(|outage| outage.until - outage.from).collect();
    assert!(lasted.len() > 10_000, "{} outages", lasted.len());
    times.map(|time| {
        let within = lasted.iter().filter(|lasted| **lasted <= time).count();
        within as f64 / lasted.len() as f64
    })
}

/// The figures of re6stnet's authors come out again: 45 % end within 2 minutes, and 55 % within 3.
#[test]
fn drawn_outages_have_the_quantiles_that_were_asked_for() {
    let [two, three] = shares(&drawn("45%<2m,55%<3m"), [2 * MINUTE, 3 * MINUTE]);
    assert!(
        (two - 0.45).abs() < 0.02 && (three - 0.55).abs() < 0.02,
        "{two} {three}"
    );
    // With the first point alone, more would end within 3 minutes: 1 - 0.55^1.5 of them.
    let [two, three] = shares(&drawn("45%<2m"), [2 * MINUTE, 3 * MINUTE]);
    assert!(
        (two - 0.45).abs() < 0.02 && (three - 0.592).abs() < 0.02,
        "{two} {three}"
    );
}

#[test]
fn points_determine_the_distribution() {
    let Outages::Drawn { lasts, .. } = drawn("45%<2m,55%<3m") else {
        panic!("no distribution");
    };
    let Delay::Weibull { scale, shape } = lasts else {
        panic!("{lasts}");
    };
    // By hand: shape = ln(0.7985 / 0.5978) / ln 1.5, scale = 120 s / 0.5978^(1 / shape).
    assert!((shape - 0.7139).abs() < 1e-3, "{shape}");
    assert!((scale.as_secs_f64() - 246.7).abs() < 0.5, "{scale:?}");
    let Outages::Drawn { lasts, fitted } = drawn("50%<3m") else {
        panic!("no distribution");
    };
    assert_eq!(lasts.median(), 3 * MINUTE);
    assert_eq!(fitted.expect("points").to_string(), "50%<180s");
    // Points of a Weibull distribution, however many, give it back: 1 - exp(-(t/60s)^2).
    let exact: Vec<_> = [30, 60, 90]
        .map(|seconds| {
            let share = 1.0 - (-(f64::from(seconds) / 60.0).powi(2)).exp();
            format!("{share}<{seconds}s")
        })
        .into();
    let Outages::Drawn { lasts, .. } = drawn(&exact.join(",")) else {
        panic!("no distribution");
    };
    let Delay::Weibull { scale, shape } = lasts else {
        panic!("{lasts}");
    };
    assert!((shape - 2.0).abs() < 1e-6 && (scale.as_secs_f64() - 60.0).abs() < 1e-6);
}

#[test]
fn outages_of_a_subject_do_not_overlap_and_do_not_depend_on_others() {
    let outages = drawn("exponential:30s");
    let link = Subject::Link(0, 1);
    let draw = |subjects: &[Subject], seed| {
        outages
            .draw(subjects, MINUTE, 100 * MINUTE, seed)
            .expect("not too many")
    };
    let all = draw(&[Subject::Peer(0), link, Subject::Peer(1)], 1);
    assert!(all.is_sorted_by_key(|outage| outage.from));
    for subject in [Subject::Peer(0), link, Subject::Peer(1)] {
        let own: Vec<_> = all.iter().filter(|outage| outage.of == subject).collect();
        assert!(own.len() > 20, "{subject}: {}", own.len());
        assert!(own.windows(2).all(|two| two[0].until <= two[1].from));
        assert!(own.iter().all(|one| one.until <= 100 * MINUTE));
        let alone = draw(&[subject], 1);
        assert!(own.into_iter().eq(&alone), "{subject}");
    }
    assert_ne!(draw(&[link], 1), draw(&[link], 2));
}

#[test]
fn too_many_outages_are_refused() {
    let peers: Vec<_> = (0..1000).map(Subject::Peer).collect();
    for (text, every) in [("1ms", SECOND / 1000), ("0", Duration::ZERO)] {
        let error = drawn(text).draw(&peers, every, MINUTE, 1).expect_err(text);
        assert!(
            error.to_string().starts_with("1000 peers and links"),
            "{error}"
        );
    }
    assert_eq!(
        drawn("1ms").draw(&peers, SECOND, Duration::ZERO, 1),
        Ok(Vec::new())
    );
}

#[test]
fn trace_is_read_in_the_order_of_time() {
    let text = "# from,until,of\n1s,3s,7\n2s,1m,9-7\n\n3s,4s,7\n";
    let trace = Trace::parse("a.csv", text).expect("a trace");
    let seconds = |from, until, of| Outage {
        of,
        from: from * SECOND,
        until: until * SECOND,
    };
    assert_eq!(
        trace.outages(),
        [
            seconds(1, 3, Subject::Peer(7)),
            seconds(2, 60, Subject::Link(7, 9)),
            seconds(3, 4, Subject::Peer(7)),
        ]
    );
    let outages = Outages::Traced(trace);
    assert_eq!(outages.check(10), Ok(()));
    let error = outages.check(9).expect_err("no peer 9").to_string();
    assert!(
        error.starts_with("a.csv: line 3: there is no peer 9 among 9"),
        "{error}"
    );
    assert_eq!(
        outages.draw(&[], SECOND, SECOND, 1).map(|all| all.len()),
        Ok(3)
    );
}

#[test]
fn wrong_traces_are_refused_by_their_line() {
    for (text, part) in [
        ("1s,2s", "line 1: \"1s,2s\" has 2 fields"),
        ("1,2s,3", "line 1: \"1\" is not a time"),
        ("2s,1s,3", "ends before"),
        ("1s,1s,3", "ends before"),
        ("1s,2s,x", "\"x\" is no peer and no link"),
        ("1s,2s,-1", "no peer and no link"),
        ("1s,2s,4-4", "to itself"),
        ("2s,3s,1\n\n1s,2s,2", "line 3: \"1s,2s,2\" begins before"),
        (
            "1s,5s,1\n2s,3s,1",
            "line 2: \"2s,3s,1\" overlaps line 1, where 1 is out until 5s",
        ),
        ("1s,5s,1-2\n2s,3s,2-1", "overlaps line 1, where 1-2"),
    ] {
        let error = Trace::parse("a.csv", text).expect_err(text).to_string();
        assert!(
            error.starts_with("a.csv: line ") && error.contains(part),
            "{error}"
        );
    }
}

#[test]
fn what_is_no_distribution_is_refused_with_its_value() {
    for (text, part) in [
        ("", "write for example 45%<2m"),
        ("soon", "\"soon\" is neither"),
        ("45%<", "is not a time"),
        ("<2m", "no share between"),
        ("45%<2m,", "has no <"),
        ("0%<2m", "no share between"),
        ("100%<2m", "no share between"),
        ("NaN<2m", "no share between"),
        ("45%<0s", "within no time"),
        ("45%<2m,40%<3m", "\"40%<3m\" comes after 45%<120s"),
        ("45%<2m,55%<2m", "comes after"),
        ("1%<1m,99.9%<61s", "shape"),
        ("no/such.csv", "no/such.csv: "),
    ] {
        let error = text.parse::<Outages>().expect_err(text).to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
}
