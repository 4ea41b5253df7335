//! What a run prints and measures of outages.

use std::time::Duration;

use crate::checkers::routing::Outages;
use crate::stats::{Measure, Summary, show};

/// Lines of the results; none without an outage.
pub(in crate::system) fn lines(outages: Option<&Outages>) -> Vec<String> {
    let Some(outages) = outages else {
        return Vec::new();
    };
    let judged = outages.judged();
    let open = match outages.open {
        0 => String::new(),
        open => format!("; {open} had not ended"),
    };
    let mut lines = vec![format!(
        "outages           {} of links, {} of them in use; {} of {judged} masked ({}){open}",
        outages.all,
        outages.all - outages.unused,
        outages.masked,
        percent(outages.masked.into(), judged.into()),
    )];
    let times = |what: &str, times: Option<Summary>, missing: u64, never: &str| {
        let times = times.map_or_else(
            || format!("{what} never"),
            |times| {
                let [p50, max] =
                    [times.p50, times.max].map(|time| show(Duration::from_nanos(time)));
                format!("{what} after {p50} (p50), {max} at most")
            },
        );
        match missing {
            0 => times,
            missing => format!("{times}; {missing} {never}"),
        }
    };
    if judged > 0 {
        lines.push(format!(
            "                  {}",
            times(
                "noticed at an end",
                outages.noticed,
                outages.unnoticed,
                "ends did not"
            )
        ));
        lines.push(format!(
            "                  ways over them interrupted for {} of their time; {}",
            percent(outages.interrupted, outages.lasted),
            times(
                "restored",
                outages.restored,
                outages.lost,
                "not before the end of the outage"
            )
        ));
    }
    lines
}

/// `88.2 %`
fn percent(part: u128, whole: u128) -> String {
    match whole {
        0 => "none".to_owned(),
        whole => format!("{:.1} %", 100.0 * part as f64 / whole as f64),
    }
}

/// What a sweep compares; nothing without an outage.
pub(in crate::system) fn measures(outages: Option<&Outages>) -> Vec<Measure> {
    let Some(outages) = outages else {
        return Vec::new();
    };
    let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
    let judged = outages.judged();
    let masked = share(outages.masked as f64, judged as f64);
    let interrupted = share(outages.interrupted as f64, outages.lasted as f64);
    vec![
        Measure::ratio("outages masked", masked, judged),
        Measure::ratio("interrupted", interrupted, judged),
        Measure::times("outage noticed", outages.noticed, outages.unnoticed),
        Measure::times("way restored", outages.restored, outages.lost),
    ]
}
