//! The reference pages name all that there is: routes, commands and their options,
//! keys of a scenario. A test of the metrics does the same for those.

use std::collections::BTreeSet;
use std::fs;

use clap::CommandFactory as _;
use lab::simulator::Scenario;
use support::workspace;
use testbed::cli::Cli;

fn read(name: &str) -> String {
    fs::read_to_string(workspace().join(name)).expect(name)
}

/// What stands in backquotes.
fn named(text: &str) -> BTreeSet<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

#[test]
fn every_route_is_named() {
    let page = read("docs/http-api.md");
    let named: BTreeSet<_> = named(&page)
        .into_iter()
        .map(|name| name.trim_start_matches("POST "))
        .collect();
    let (router, guard) = (
        read("testbed/src/viewer/mod.rs"),
        read("testbed/src/viewer/guard.rs"),
    );
    let routes: Vec<_> = router.split(".route(").skip(1).collect();
    assert!(routes.len() > 20, "{} routes", routes.len());
    for route in routes {
        let (path, _) = route.split_once(',').expect("a path and a handler");
        let path = match path.trim().strip_prefix("guard::") {
            None => path.trim(),
            Some(constant) => {
                let start = format!("const {constant}: &str = ");
                let (_, value) = guard.split_once(&start).expect(constant);
                value.split(';').next().expect("a value")
            }
        };
        let path = path.trim_matches('"');
        assert!(named.contains(path), "docs/http-api.md: {path}");
    }
}

#[test]
fn every_command_is_named_with_options_that_it_has() {
    let page = read("docs/command-line.md");
    let mut cli = Cli::command();
    cli.build();
    let global: BTreeSet<_> = cli
        .get_arguments()
        .filter_map(|arg| arg.get_long())
        .collect();
    for command in cli.get_subcommands() {
        let start = format!("| `testbed {}` |", command.get_name());
        let row = page.lines().find(|line| line.starts_with(&start));
        let row = row.unwrap_or_else(|| panic!("docs/command-line.md: {start}"));
        let own: BTreeSet<_> = command
            .get_arguments()
            .filter_map(|arg| arg.get_long())
            .collect();
        for option in named(row) {
            let Some(option) = option.strip_prefix("--") else {
                continue;
            };
            let option = option.split(' ').next().unwrap_or_default();
            assert!(
                own.contains(option) || global.contains(option),
                "{start} --{option}"
            );
        }
    }
}

/// The error for an unknown key lists the valid keys.
#[test]
fn every_key_of_a_scenario_is_named() {
    let page = read("docs/scenario.md");
    for table in [
        "",
        "[[crash]]\n",
        "[[partition]]\n",
        "[[pause]]\n",
        "[[slow]]\n",
        "[[links]]\n",
        "[churn]\n",
        "[outages]\n",
        "[random]\n",
    ] {
        let refused = Scenario::parse(&format!("{table}nonsense = 1"));
        let refused = refused.expect_err("no key").to_string();
        let (_, keys) = refused.split_once("expected").expect(&refused);
        let keys = named(keys);
        assert!(keys.len() >= 2, "{refused}");
        for key in keys {
            let row = format!("| `{key}` |");
            assert!(page.contains(&row), "docs/scenario.md: {table} {key}");
        }
    }
}
