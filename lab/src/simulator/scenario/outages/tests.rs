//! The distributions and traces of outages.

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// The end of a run, which does not matter where outages end before it.
const END: Duration = Duration::MAX;

fn length(text: &str) -> Length {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

fn outages(text: &str, every: Duration, until: Duration) -> Outages {
    Outages {
        length: Some(length(text)),
        every,
        until: Some(until),
        ..Outages::default()
    }
}

/// The share of drawn outages that end within each of these times.
fn shares<const N: usize>(text: &str, times: [Duration; N]) -> [f64; N] {
    let all = outages(text, MINUTE, 2000 * MINUTE).draw(15, 1, END);
    // Those that the end of the run cuts short are left out.
    let whole = all.iter().filter_map(|one| Some((one.at, one.heal?)));
    let whole = whole.filter(|(_, until)| *until < 2000 * MINUTE);
    let lasted: Vec<_> = whole.map(|(from, until)| until - from).collect();
    assert!(lasted.len() > 10_000, "{} outages", lasted.len());
    times.map(|time| {
        let within = lasted.iter().filter(|lasted| **lasted <= time).count();
        within as f64 / lasted.len() as f64
    })
}

/// The figures of re6stnet's authors come out again: 45 % end within 2 minutes, and 55 % within 3.
#[test]
fn drawn_outages_have_the_quantiles_that_were_asked_for() {
    let [two, three] = shares("45%<2m,55%<3m", [2 * MINUTE, 3 * MINUTE]);
    assert!(
        (two - 0.45).abs() < 0.02 && (three - 0.55).abs() < 0.02,
        "{two} {three}"
    );
    // With the first point alone, more would end within 3 minutes: 1 - 0.55^1.5 of them.
    let [two, three] = shares("45%<2m", [2 * MINUTE, 3 * MINUTE]);
    assert!(
        (two - 0.45).abs() < 0.02 && (three - 0.592).abs() < 0.02,
        "{two} {three}"
    );
}

#[test]
fn points_determine_the_distribution() {
    let Delay::Weibull { scale, shape } = length("45%<2m,55%<3m").delay else {
        panic!("no Weibull distribution");
    };
    // By hand: shape = ln(0.7985 / 0.5978) / ln 1.5, scale = 120 s / 0.5978^(1 / shape).
    assert!((shape - 0.7139).abs() < 1e-3, "{shape}");
    assert!((scale.as_secs_f64() - 246.7).abs() < 0.5, "{scale:?}");
    let exponential = length("50%<3m");
    assert_eq!(exponential.delay.median(), 3 * MINUTE);
    assert_eq!(exponential.to_string(), "50%<180s");
    // Points of a Weibull distribution, however many, give it back: 1 - exp(-(t/60s)^2).
    let exact: Vec<_> = [30, 60, 90]
        .map(|seconds| {
            let share = 1.0 - (-(f64::from(seconds) / 60.0).powi(2)).exp();
            format!("{share}<{seconds}s")
        })
        .into();
    let Delay::Weibull { scale, shape } = length(&exact.join(",")).delay else {
        panic!("no Weibull distribution");
    };
    assert!((shape - 2.0).abs() < 1e-6 && (scale.as_secs_f64() - 60.0).abs() < 1e-6);
}

#[test]
fn outages_of_a_link_do_not_overlap_and_do_not_depend_on_others() {
    let all = outages("exponential:30s", MINUTE, 100 * MINUTE);
    let drawn = all.draw(3, 1, END);
    assert!(drawn.is_sorted_by_key(|outage| outage.at));
    for (one, other) in [(0, 1), (0, 2), (1, 2)] {
        let of = |outage: &&Partition| {
            outage.group == [one] && outage.others.as_deref() == Some(&[other])
        };
        let own: Vec<_> = drawn.iter().filter(of).collect();
        assert!(own.len() > 20, "{one}-{other}: {}", own.len());
        let ends = |outage: &Partition| outage.heal.expect("an end");
        assert!(own.windows(2).all(|two| ends(two[0]) <= two[1].at));
        assert!(own.iter().all(|one| ends(one) <= 100 * MINUTE));
        let more = all.draw(5, 1, END);
        assert!(own.into_iter().eq(more.iter().filter(of)), "{one}-{other}");
    }
    assert_ne!(all.draw(2, 1, END), all.draw(2, 2, END));
}

/// Without an end of their own, outages begin until the run ends, and the last ones outlast it.
#[test]
fn outages_may_go_on_until_the_run_ends() {
    let all = Outages {
        until: None,
        ..outages("exponential:30s", MINUTE, MINUTE)
    };
    let end = 100 * MINUTE;
    let drawn = all.draw(10, 1, end);
    assert!(drawn.iter().all(|one| one.at < end));
    assert!(
        drawn
            .iter()
            .filter_map(|one| one.heal)
            .all(|heal| heal <= end)
    );
    let lasting = drawn.iter().filter(|one| one.heal.is_none()).count();
    // A third of 45 links is out at any time.
    assert!((5..=25).contains(&lasting), "{lasting}");
    assert_eq!(all.check(1000), Ok(()));
    let error = all.check_until(1000, end).expect_err("too many");
    assert!(
        error.to_string().starts_with("[outages]: 499500 links"),
        "{error}"
    );
}

#[test]
fn impossible_outages_are_refused() {
    let until = |until| outages("45%<2m", MINUTE, until);
    assert_eq!(until(MINUTE).check(2), Ok(()));
    assert_eq!(until(MINUTE).check(1), Err(Error::OneProcess));
    assert_eq!(until(Duration::ZERO).check(2), Err(Error::NoOutageTime));
    for (text, every) in [("1ms", SECOND / 1000), ("0", Duration::ZERO)] {
        let error = outages(text, every, MINUTE).check(1000).expect_err(text);
        let start = "[outages]: 499500 links with an outage";
        assert!(error.to_string().starts_with(start), "{error}");
    }
    // A run that has no end yet draws no more than that.
    assert!(
        outages("0", Duration::ZERO, MINUTE)
            .draw(2, 1, MINUTE)
            .len()
            <= MOST
    );
}

#[test]
fn trace_is_read_in_the_order_of_time() {
    let text = "# from,until,of\n1s,3s,7\n2s,1m,9-7\n\n3s,4s,7\n";
    let trace = Trace::parse(Path::new("a.csv"), text).expect("a trace");
    let outages = Outages {
        trace: Some(trace),
        ..Outages::default()
    };
    let drawn = outages.draw(10, 1, MINUTE);
    let seconds = |at: u32, heal: u32, group: u32, others: Option<u32>| Partition {
        at: at * SECOND,
        heal: Some(heal * SECOND),
        group: vec![group],
        others: others.map(|other| vec![other]),
        ..Partition::default()
    };
    let expected = [
        seconds(1, 3, 7, None),
        seconds(2, 60, 7, Some(9)),
        seconds(3, 4, 7, None),
    ];
    assert_eq!(drawn, expected);
    assert_eq!(outages.check(10), Ok(()));
    let error = outages.check(9).expect_err("no process 9").to_string();
    let start = "a.csv: line 3: there is no process 9 among 9";
    assert!(error.starts_with(start), "{error}");
}

#[test]
fn wrong_traces_are_refused_by_their_line() {
    for (text, part) in [
        ("1s,2s", "line 1: \"1s,2s\" has 2 fields"),
        ("1,2s,3", "line 1: \"1\" is not a time"),
        ("2s,1s,3", "ends before"),
        ("1s,1s,3", "ends before"),
        ("1s,2s,x", "\"x\" is no process and no link"),
        ("1s,2s,-1", "no process and no link"),
        ("1s,2s,4-4", "to itself"),
        ("2s,3s,1\n\n1s,2s,2", "line 3: \"1s,2s,2\" begins before"),
        (
            "1s,5s,1\n2s,3s,1",
            "line 2: \"2s,3s,1\" overlaps line 1, where 1 is out until 5s",
        ),
        ("1s,5s,1-2\n2s,3s,2-1", "overlaps line 1, where 1-2"),
    ] {
        let error = Trace::parse(Path::new("a.csv"), text).expect_err(text);
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
        ("soon", "\"soon\" is no distribution"),
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
        let error = text.parse::<Asked>().expect_err(text);
        assert!(error.contains(part), "{text}: {error}");
    }
    assert_eq!(
        "weibull:4m,0.7".parse(),
        Ok(Asked::Length(length("weibull:4m,0.7")))
    );
}
