use super::*;

fn refused(text: &str) -> String {
    World::parse("a.toml", text).expect_err(text).to_string()
}

fn known(name: &str) -> World {
    World::find(name).expect(name).expect("links")
}

#[test]
fn the_presets_are_worlds() {
    assert_eq!(World::find("none").expect("a preset"), None);
    let regions = known("regions");
    assert_eq!((regions.regions.len(), regions.classes.len()), (8, 2));
    let Latency::Regions(rows) = &regions.latency else {
        panic!("{regions:?}");
    };
    let of = |name| {
        regions
            .regions
            .iter()
            .position(|region| region.name == name)
    };
    let (europe, africa) = (of("europe").unwrap(), of("south_africa").unwrap());
    assert_eq!(rows[europe][africa], Duration::from_millis(95));
    assert_eq!(known("wan").classes, []);
    assert_eq!(known("lan").classes[0].up.to_string(), "1Gbit/s");
}

#[test]
fn the_seed_places_the_peers() {
    let settle = |seed| known("regions").settle(1000, seed);
    let (one, same, other) = (settle(1), settle(1), settle(2));
    assert_eq!(one.places, same.places);
    assert_ne!(one.places, other.places);
    let (regions, classes) = (Vec::from_iter(one.regions()), Vec::from_iter(one.classes()));
    assert_eq!(regions.iter().map(|(_, peers)| peers).sum::<usize>(), 1000);
    let of = |all: &[(&str, usize)], name| all.iter().find(|(of, _)| *of == name).unwrap().1;
    assert!((420..570).contains(&of(&regions, "europe")), "{regions:?}");
    assert!((150..250).contains(&of(&classes, "fast")), "{classes:?}");
}

#[test]
fn a_pair_has_one_latency_both_ways() {
    let settled = known("wan").settle(10, 7);
    let mut all = std::collections::BTreeSet::new();
    for (a, b) in [(0, 1), (1, 2), (0, 9), (8, 9)] {
        let latency = settled.latency(a, b);
        assert_eq!(latency, settled.latency(b, a));
        assert!((20..=100).contains(&latency.as_millis()), "{latency:?}");
        all.insert(latency);
    }
    assert_eq!(all.len(), 4, "pairs differ");
}

#[test]
fn rates_are_read_as_they_are_written() {
    for text in ["50Mbit/s", "1Gbit/s", "512kbit/s", "300bit/s"] {
        let rate: Rate = text.parse().expect(text);
        assert_eq!(rate.to_string(), text);
    }
    let spaced: Rate = "1024 Mbit/s".parse().expect("a space");
    assert_eq!(spaced.bytes_per_second(), 128e6);
    for text in [
        "0Mbit/s",
        "-1Mbit/s",
        "50",
        "fast",
        "50MB/s",
        "1e99Gbit/s",
        "NaNbit/s",
    ] {
        assert!(text.parse::<Rate>().is_err(), "{text}");
    }
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    let class = "[class.home]\nshare = 1\nup = \"1Mbit/s\"\ndown = ";
    for (text, parts) in [
        ("latency = \"20ms\"\nspeed = 3", &["line 2", "speed"][..]),
        ("latency = \"0.2ms\"", &["line 1", "0.2ms", "rounds up"]),
        ("latency = \"20\"", &["line 1", "5ms"]),
        ("loss = 1.5", &["line 1", "1.5", "5%"]),
        (
            &format!("{class}\"0Mbit/s\""),
            &["line 4", "0Mbit/s", "50Mbit/s"],
        ),
        (
            "[class.home]\nshare = 0\nup = \"1Mbit/s\"\ndown = \"1Mbit/s\"",
            &["line 2", "above 0"],
        ),
        (
            "[region.a]\nweight = 1\n[region.a.latency]\na = \"1ms\"\nmars = \"9s\"",
            &["line 5", "no region mars", "regions are a"],
        ),
        (
            "[region.a]\nweight = 1\nlatency.a = \"1ms\"\n[region.b]\nweight = 1\nlatency.b = \"1ms\"",
            &["line 1", "region a has no latency to b"],
        ),
        (
            "latency = \"5ms\"\n[region.a]\nweight = 1\nlatency.a = \"1ms\"",
            &["line 1", "leave this one out"],
        ),
    ] {
        let error = refused(text);
        for part in ["--network a.toml"].iter().chain(parts) {
            assert!(error.contains(part), "{text}: {part}: {error}");
        }
    }
    let unknown = World::find("mars").expect_err("no world").to_string();
    assert!(unknown.contains("--network mars") && unknown.contains("regions"));
}
