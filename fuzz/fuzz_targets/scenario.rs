//! A scenario is read and checked, or refused with its line.
#![no_main]

use lab::simulator::Scenario;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match Scenario::parse(text) {
        Ok(scenario) => {
            let _ = scenario.check(3);
            let _ = scenario.delay.most();
            let _ = scenario.delay.to_string();
        }
        Err(error) => assert!(error.starts_with("line "), "{error}"),
    }
});
