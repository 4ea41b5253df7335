//! The rules of the architecture: which rooms may depend on which, and how large a file
//! may be. The dependencies are those of `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Node, PackageId};
use support::{run, workspace};
use testbed::run::Versions;

/// The rooms, each with the rooms that it may depend on directly.
const ARROWS: [(&str, &[&str]); 11] = [
    // What the property tests of the others share, and nothing else.
    ("testbed-property", &[]),
    ("testbed-proto", &["testbed-property"]),
    // The only unsafe code.
    ("testbed-entropy", &[]),
    ("testbed-derive", &[]),
    ("testbed-algorithms", &["testbed-proto", "testbed-derive"]),
    (
        "testbed-trace",
        &["testbed-algorithms", "testbed-proto", "testbed-property"],
    ),
    (
        "testbed-lab",
        &[
            "testbed-trace",
            "testbed-algorithms",
            "testbed-derive",
            "testbed-proto",
            "testbed-property",
        ],
    ),
    (
        "testbed-node",
        &[
            "testbed-trace",
            "testbed-algorithms",
            "testbed-proto",
            "testbed-property",
        ],
    ),
    (
        "testbed",
        &[
            "testbed-lab",
            "testbed-node",
            "testbed-entropy",
            "testbed-trace",
            "testbed-algorithms",
            "testbed-derive",
            "testbed-proto",
            "testbed-property",
        ],
    ),
    (
        "testbed-tests",
        &[
            "testbed",
            "testbed-lab",
            "testbed-node",
            "testbed-trace",
            "testbed-algorithms",
            "testbed-proto",
        ],
    ),
    // An own algorithm needs nothing else.
    ("own-algorithm", &["testbed-lab", "testbed"]),
];

/// Crates on which neither `trace` nor `lab` may depend, directly or transitively.
const NO_NETWORK: [&str; 5] = ["libp2p", "axum", "tonic", "reqwest", "hyper"];

/// Crates on which no lesson may depend, directly or transitively.
const NO_LESSON: [&str; 6] = [
    "tokio",
    "libp2p",
    "tracing",
    "opentelemetry",
    "futures",
    "log",
];

/// The longest source file, in lines.
const LONGEST: usize = 600;

/// The packages of the workspace and of all that they depend on.
struct House {
    metadata: Metadata,
    nodes: BTreeMap<PackageId, Node>,
}

impl House {
    fn read() -> Self {
        let manifest = workspace().join("Cargo.toml");
        let metadata = MetadataCommand::new().manifest_path(manifest).exec();
        let metadata = metadata.expect("cargo metadata");
        let resolved = metadata.resolve.clone().expect("a resolved graph");
        let nodes = resolved.nodes.into_iter();
        let nodes = nodes.map(|node| (node.id.clone(), node)).collect();
        Self { metadata, nodes }
    }

    fn name(&self, id: &PackageId) -> &str {
        &self.metadata[id].name
    }

    fn member(&self, name: &str) -> PackageId {
        let mut members = self.metadata.workspace_packages().into_iter();
        let found = members.find(|package| *package.name == name);
        found.unwrap_or_else(|| panic!("no room {name}")).id.clone()
    }

    /// What the package itself names under `[dependencies]`.
    fn normal(&self, id: &PackageId) -> Vec<PackageId> {
        let all = self.nodes[id].deps.iter();
        let normal = all.filter(|dep| {
            let mut kinds = dep.dep_kinds.iter();
            kinds.any(|kind| kind.kind == DependencyKind::Normal)
        });
        normal.map(|dep| dep.pkg.clone()).collect()
    }

    /// The names of all that is built into the package.
    fn reached(&self, name: &str) -> BTreeSet<String> {
        let mut reached = BTreeSet::new();
        let mut to_do = vec![self.member(name)];
        while let Some(id) = to_do.pop() {
            for next in self.normal(&id) {
                if reached.insert(next.clone()) {
                    to_do.push(next);
                }
            }
        }
        reached.iter().map(|id| self.name(id).to_owned()).collect()
    }
}

#[test]
fn dependencies_run_one_way() {
    let house = House::read();
    let rooms: BTreeSet<_> = ARROWS.iter().map(|(room, _)| *room).collect();
    let members = house.metadata.workspace_packages().into_iter();
    let members: BTreeSet<_> = members.map(|package| package.name.as_str()).collect();
    assert_eq!(members, rooms, "a new room has its line in ARROWS");
    for (room, may_know) in ARROWS {
        let all = house.nodes[&house.member(room)].deps.iter();
        // Dependencies of every kind: a test that needs a later room belongs there.
        let known = all.map(|dep| house.name(&dep.pkg));
        let wrong: Vec<_> = known
            .filter(|name| rooms.contains(name) && !may_know.contains(name))
            .collect();
        assert!(wrong.is_empty(), "{room} depends on {wrong:?}");
    }
}

#[test]
fn proto_depends_on_prost_alone() {
    let house = House::read();
    let named = house.normal(&house.member("testbed-proto"));
    let named: Vec<_> = named.iter().map(|id| house.name(id)).collect();
    assert_eq!(named, ["prost"]);
}

#[test]
fn algorithms_import_no_network_and_no_clock() {
    let reached = House::read().reached("testbed-algorithms");
    let wrong: Vec<_> = reached
        .iter()
        .filter(|name| NO_LESSON.iter().any(|no| is_or_belongs_to(name, no)))
        .collect();
    assert!(wrong.is_empty(), "algorithms depends on {wrong:?}");
}

/// Built alone: together with other rooms, cargo gives all of them the features
/// that any of them asks for.
#[test]
fn the_trace_and_the_laboratory_are_built_without_a_network() {
    for room in ["testbed-trace", "testbed-lab"] {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["tree", "--edges", "normal", "--prefix", "none", "-p", room]);
        let tree = run(cargo.current_dir(workspace())).exits(0).stdout;
        let names = tree.lines().filter_map(|line| line.split(' ').next());
        let names: BTreeSet<_> = names.collect();
        assert!(names.contains("testbed-algorithms"), "{tree}");
        let wrong: Vec<_> = names
            .iter()
            .filter(|name| NO_NETWORK.iter().any(|no| is_or_belongs_to(name, no)))
            .collect();
        assert!(wrong.is_empty(), "{room} depends on {wrong:?}");
    }
}

/// The judges share no code with what they judge: no checker imports an algorithm,
/// but for their tests.
#[test]
fn no_checker_imports_an_algorithm() {
    let lessons: Vec<_> = fs::read_dir(workspace().join("algorithms/src"))
        .expect("a room")
        .flatten()
        .filter_map(|file| Some(file.path().file_stem()?.to_str()?.to_owned()))
        .filter(|name| !["lib", "algorithm", "describe", "effect"].contains(&&**name))
        .collect();
    assert!(lessons.len() > 10, "{lessons:?}");
    let checkers = workspace().join("lab/src/checkers");
    let mut found = Vec::new();
    for path in sources()
        .into_iter()
        .filter(|path| path.starts_with(&checkers))
    {
        let text = read(&path);
        let judge = text
            .split("#[cfg(test)]\nmod tests {")
            .next()
            .unwrap_or_default();
        if path.file_stem().is_some_and(|name| name != "tests") {
            let of = |lesson: &&String| judge.contains(&format!("algorithms::{lesson}"));
            found.extend(
                lessons
                    .iter()
                    .filter(of)
                    .map(|lesson| format!("{}: {lesson}", path.display())),
            );
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// Inside `testbed` dependencies run one way as well: a room imports only those above it
/// in this list. So no library imports the command line. Tests may import any.
#[test]
fn rooms_of_the_program_import_only_those_below() {
    const ROOMS: [&str; 21] = [
        "error",
        "progress",
        "rows",
        "host",
        "virtual_time",
        "limits",
        "run",
        "nat",
        "control",
        "network",
        "experiment",
        "program",
        "viewer",
        "doctor",
        "sweep",
        "graph",
        "grade",
        "cli",
        "own",
        "lib",
        "main",
    ];
    let source = workspace().join("testbed/src");
    let mut wrong = Vec::new();
    for path in sources().iter().filter(|path| path.starts_with(&source)) {
        let inside = path.strip_prefix(&source).expect("a source of the program");
        let parts: Vec<_> = inside.iter().map(|part| part.to_string_lossy()).collect();
        if parts
            .iter()
            .any(|part| part.trim_end_matches(".rs") == "tests")
        {
            continue;
        }
        let room = parts[0].trim_end_matches(".rs");
        let place = ROOMS.iter().position(|name| *name == room);
        let place = place.unwrap_or_else(|| panic!("{room}: a new room has its place in ROOMS"));
        let text = read(path);
        let code = text.split("#[cfg(test)]\nmod tests {").next();
        let code = code.unwrap_or_default();
        for above in &ROOMS[place + 1..] {
            if code.contains(&format!("crate::{above}::"))
                || code.contains(&format!("crate::{above};"))
            {
                wrong.push(format!("{} imports {above}", inside.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// `libp2p-core` belongs to `libp2p`.
fn is_or_belongs_to(name: &str, family: &str) -> bool {
    let rest = name.strip_prefix(family);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_']))
}

#[test]
fn run_json_states_the_versions_of_its_dependencies() {
    let house = House::read();
    let version = |name: &str| {
        let mut all = house.metadata.packages.iter();
        let found = all.find(|package| *package.name == name);
        found.expect("a dependency").version.to_string()
    };
    assert_eq!(Versions::THIS.libp2p, version("libp2p"));
    assert_eq!(Versions::THIS.testbed, version("testbed"));
}

#[test]
fn files_are_short() {
    let mut long = Vec::new();
    for path in sources() {
        let lines = read(&path).lines().count();
        if lines > LONGEST {
            long.push(format!("{} has {lines} lines", path.display()));
        }
    }
    assert!(long.is_empty(), "over {LONGEST}: {long:#?}");
}

#[test]
fn no_todo_is_committed() {
    // Put together here, so that this file is not found.
    let later = ["todo", "unimplemented"].map(|word| format!("{word}!("));
    let skipped = format!("#[{}", "ignore");
    let marks = [&later[0], &later[1], &skipped];
    let mut found = Vec::new();
    for path in sources() {
        for (number, line) in (1..).zip(read(&path).lines()) {
            if marks.iter().any(|mark| line.contains(mark.as_str())) {
                found.push(format!("{}:{number}: {line}", path.display()));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// A closed or full standard error never changes a run: all writes to it go through the
/// one module that ignores errors.
#[test]
fn standard_error_is_written_in_one_place() {
    let programs = ["node/src", "testbed/src"].map(|folder| workspace().join(folder));
    let mut found = Vec::new();
    for path in sources() {
        let ours = programs.iter().any(|folder| path.starts_with(folder));
        if ours && !path.ends_with("node/src/stderr.rs") {
            let text = read(&path);
            let writes = ["io::stderr", "eprint", "with_writer(std"];
            found.extend(
                writes
                    .iter()
                    .filter(|word| text.contains(*word))
                    .map(|word| format!("{}: {word}", path.display())),
            );
        }
    }
    assert!(found.is_empty(), "use node::stderr: {found:#?}");
}

/// Every file that we wrote in Rust or JavaScript.
fn sources() -> Vec<PathBuf> {
    const OTHERS: [&str; 4] = ["target", "vendor", "node_modules", "runs"];
    let mut sources = Vec::new();
    let mut folders = vec![workspace().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder").flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy();
            if path.is_dir() {
                if !name.starts_with('.') && !OTHERS.contains(&&*name) {
                    folders.push(path);
                }
            } else if is_source(&path) {
                sources.push(path);
            }
        }
    }
    assert!(sources.len() > 50, "only {sources:?}");
    sources
}

fn is_source(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    matches!(extension, Some("rs" | "js" | "mjs"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}
