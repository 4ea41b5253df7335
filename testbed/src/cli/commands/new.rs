//! `testbed new`: a crate for an algorithm of one's own.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lab::values;

use super::output;
use crate::cli::{Error, New, Usage};

/// This room of the sources that the program was built from.
const BUILT_FROM: &str = env!("CARGO_MANIFEST_DIR");

/// Names that cargo or the compiler has a meaning for, and those of crates that the new one
/// depends on.
const RESERVED: &[&str] = &[
    "as",
    "async",
    "await",
    "break",
    "const",
    "continue",
    "crate",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "fn",
    "for",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "match",
    "mod",
    "move",
    "mut",
    "pub",
    "ref",
    "return",
    "self",
    "Self",
    "static",
    "struct",
    "super",
    "trait",
    "true",
    "type",
    "unsafe",
    "use",
    "where",
    "while",
    "abstract",
    "become",
    "box",
    "do",
    "final",
    "gen",
    "macro",
    "override",
    "priv",
    "try",
    "typeof",
    "unsized",
    "virtual",
    "yield",
    "_",
    "build",
    "core",
    "deps",
    "examples",
    "incremental",
    "lab",
    "alloc",
    "proc_macro",
    "std",
    "test",
    "testbed",
];

/// Writes the crate.
pub(super) fn new(args: &New) -> Result<ExitCode, Error> {
    let name = &args.name;
    if let Some(why) = invalid(name) {
        return Err(refused(name, why));
    }
    let source = source(args.source.as_deref(), Path::new(BUILT_FROM))?;
    let lock = fs::read_to_string(source.join("Cargo.lock")).map_err(at("Cargo.lock"))?;
    let folder = Path::new(name);
    fs::create_dir(folder).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => refused(
            name,
            "it exists here already; take another name, or remove it".into(),
        ),
        _ => at(name)(error),
    })?;
    // A place from here is one folder further from the crate.
    let source = match source.is_relative() {
        true => Path::new("..").join(source),
        false => source.to_owned(),
    };
    let place = Place { name, source };
    let files = args.like.files();
    let files = files.map(|(path, content)| (path, place.fill(content)));
    // With the versions that the testbed is tested with.
    let files = files.chain([("Cargo.lock", lock)]);
    for (path, content) in files {
        let path = folder.join(path);
        let parent = path.parent().unwrap_or(folder);
        let written = fs::create_dir_all(parent).and_then(|()| fs::write(&path, content));
        written.map_err(at(&path.to_string_lossy()))?;
    }
    output::print(&format!(
        "created {name}, which begins with {}; its README.md has more\n\
         \x20 cd {name}\n\
         \x20 cargo run                    in virtual time\n\
         \x20 cargo test                   many schedules, every schedule, and a broken variant\n\
         \x20 cargo run --features live    over real libp2p peers; the first build takes minutes\n",
        values::name_of(args.like)
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// What a template leaves open.
struct Place<'a> {
    name: &'a str,
    source: PathBuf,
}

impl Place<'_> {
    fn fill(&self, content: &str) -> String {
        let mut text = content.replace("NAME", self.name);
        let clocks = ["node/clocks/futures-timer", "node/clocks/web-time"];
        for room in ["lab", "testbed"].into_iter().chain(clocks) {
            let path = self.source.join(room);
            // Strings of JSON are strings of TOML.
            let path = serde_json::Value::from(path.to_string_lossy()).to_string();
            text = text.replace(&format!("\"SOURCE/{room}\""), &path);
        }
        text
    }
}

/// Why the name is not that of a crate, and what one looks like.
fn invalid(name: &str) -> Option<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let example = "for example my-algorithm";
    match name.chars().next() {
        Some(first) if first.is_ascii_alphabetic() || first == '_' => {}
        _ => return Some(format!("a name begins with a letter; {example}")),
    }
    if let Some(wrong) = name.chars().find(|c| !is_part(*c)) {
        return Some(format!(
            "{wrong:?} is not allowed: a name has letters, digits, - and _; {example}"
        ));
    }
    let is_reserved = RESERVED.contains(&name) || name.starts_with("testbed-");
    is_reserved.then(|| format!("the name is reserved; take another, {example}"))
}

/// The place of the testbed's sources, from here.
fn source<'a>(given: Option<&'a Path>, built_from: &'a Path) -> Result<&'a Path, Usage> {
    let built_from = built_from.parent().unwrap_or(built_from);
    let root = given.unwrap_or(built_from);
    let files = ["lab/Cargo.toml", "testbed/Cargo.toml", "Cargo.lock"];
    let are_there = files.iter().all(|file| root.join(file).is_file());
    if are_there && root.to_str().is_some() {
        return Ok(root);
    }
    let place = root.display();
    Err(match given {
        Some(_) => Usage::value(
            format!("--source {place}"),
            "the sources of the testbed are not there; name the folder that has its lab and \
             testbed",
        ),
        None => Usage::option(
            "testbed new",
            format!(
                "needs the sources that this program was built from, and they are no longer at \
                 {place}; name another place with --source PATH"
            ),
        ),
    })
}

fn refused(name: &str, why: String) -> Error {
    Usage::value(format!("testbed new {name}"), why).into()
}

fn at(place: &str) -> impl FnOnce(io::Error) -> Error {
    let place = place.to_owned();
    move |source| Error::Write { place, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_that_are_gone_are_named() {
        let gone = Path::new("/gone/testbed");
        let error = source(None, gone).expect_err("no sources").to_string();
        for part in ["no longer at /gone;", "--source PATH"] {
            assert!(error.contains(part), "{error}");
        }
        let ours = Path::new(BUILT_FROM);
        assert_eq!(source(None, ours).ok(), ours.parent());
        let given = Path::new("..");
        assert_eq!(source(Some(given), gone).ok(), Some(given));
    }

    #[test]
    fn a_place_is_quoted_in_the_manifest() {
        let place = Place {
            name: "mine",
            source: PathBuf::from("/my \"own\" sources"),
        };
        let filled = place.fill("name = \"NAME\"\npath = \"SOURCE/lab\"");
        assert_eq!(
            filled,
            "name = \"mine\"\npath = \"/my \\\"own\\\" sources/lab\""
        );
    }
}
