//! The schema of `run.json` accepts what runs save, which every test here
//! checks, and nothing else.

use serde_json::{Value, json};
use support::{Runs, run, saved};

/// A change to a record.
type Damage = fn(&mut Value);

#[test]
fn documents_that_break_the_schema_are_rejected() {
    let runs = Runs::new();
    run(&mut runs.testbed(["--peers=3", "ping", "--every-pair"])).exits(0);
    let record = saved::record(&runs.only());
    assert!(saved::follows(&record));
    let cases: [(&str, Damage); 12] = [
        ("another form", |r| r["schema"] = json!("testbed-run/0")),
        ("a field more", |r| r["more"] = json!(1)),
        ("a field more within", |r| r["spans"]["more"] = json!(1)),
        ("a result more", |r| r["results"]["more"] = json!(1)),
        ("no seed", |r| {
            drop(r.as_object_mut().map(|r| r.remove("seed")))
        }),
        ("a seed in words", |r| r["seed"] = json!("7")),
        ("an unknown transport", |r| r["transport"] = json!("udp")),
        ("a negative time", |r| r["seconds"] = json!(-1)),
        ("an unknown verdict", |r| {
            r["verdict"]["status"] = json!("maybe")
        }),
        ("a failure without reason", |r| {
            r["verdict"]["status"] = json!("fail")
        }),
        ("a pass with a reason", |r| {
            r["verdict"]["reasons"] = json!(["x"])
        }),
        ("percentiles of nothing", |r| {
            r["results"]["round_trip_ns"]["count"] = json!(0)
        }),
    ];
    for (name, damage) in cases {
        let mut damaged = record.clone();
        damage(&mut damaged);
        assert_ne!(damaged, record, "{name}");
        assert!(!saved::follows(&damaged), "{name}");
    }
}

/// Every field says what it is.
#[test]
fn every_field_is_described() {
    let schema: Value = serde_json::from_str(testbed::run::JSON_SCHEMA).expect("JSON");
    // A field may itself be called `properties`, so whether an object is a
    // schema or names some depends on where it is.
    let mut places = vec![(String::from("#"), &schema, true)];
    let mut described = 0;
    while let Some((place, value, is_schema)) = places.pop() {
        let Some(object) = value.as_object() else {
            continue;
        };
        for (key, inner) in object.iter().filter(|(key, _)| *key != "allOf") {
            let inside = format!("{place}/{key}");
            if is_schema {
                let names = ["properties", "$defs"].contains(&key.as_str());
                places.push((inside, inner, !names));
                continue;
            }
            let says = ["description", "const", "$ref"];
            let says = says.iter().any(|key| inner.get(key).is_some());
            assert!(says, "{inside}");
            described += 1;
            places.push((inside, inner, true));
        }
    }
    assert!(described > 60, "{described}");
}
