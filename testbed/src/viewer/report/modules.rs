//! The page's modules, which import each other within one file.
//!
//! An import map maps the path of each module in the folder to a `data:` URL. A module
//! from such a URL has no folder, so its imports (`../api.js`) are rewritten to the
//! paths of the map (`api.js`).
//!
//! The page's modules use only two forms of imports: an import, however many lines it
//! has, ends with `from './file.js';` or is `import './file.js';`. Other forms are
//! rejected here, so that a test finds them before a user does.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

use super::Error;
use super::file::text;

/// The beginnings of lines on which an import ends.
const BEGINS: [&str; 3] = ["import ", "export ", "} from "];

/// Texts that no line may contain after the imports are rewritten: other forms of
/// imports.
const REFUSED: [&str; 6] = [
    " from './",
    " from '../",
    " from \"",
    "from\"",
    "import(",
    "import.meta",
];

/// The import map with the module of that path and all its dependencies. `read` returns
/// the contents of a file.
pub(super) fn import_map(
    read: impl Fn(&str) -> Option<Cow<'static, [u8]>>,
    entry: &str,
) -> Result<String, Error> {
    let mut modules = BTreeMap::new();
    let mut wanted = vec![(entry.to_owned(), "index.html".to_owned())];
    while let Some((path, by)) = wanted.pop() {
        if modules.contains_key(&path) {
            continue;
        }
        let text = text(&read, &path, &by)?;
        let (text, imports) = rewritten(&path, &text)?;
        wanted.extend(imports.into_iter().map(|import| (import, path.clone())));
        modules.insert(path, data("text/javascript", text.as_bytes()));
    }
    Ok(json!({ "imports": modules }).to_string())
}

/// A `data:` URL with these bytes.
pub(super) fn data(kind: &str, bytes: &[u8]) -> String {
    format!("data:{kind};base64,{}", BASE64_STANDARD.encode(bytes))
}

/// The module with its imports rewritten to paths, and these paths.
fn rewritten(path: &str, text: &str) -> Result<(String, Vec<String>), Error> {
    let mut whole = String::with_capacity(text.len());
    let mut imports = Vec::new();
    for line in text.split_inclusive('\n') {
        let refused = || Error::Form {
            file: path.to_owned(),
            line: line.trim().chars().take(80).collect(),
        };
        let written = match specifier(line) {
            Some(place) => {
                let import = beside(path, &line[place.clone()]).ok_or_else(refused)?;
                let written = format!("{}{import}{}", &line[..place.start], &line[place.end..]);
                imports.push(import);
                written
            }
            None => line.to_owned(),
        };
        if REFUSED.iter().any(|form| written.contains(form)) {
            return Err(refused());
        }
        whole.push_str(&written);
    }
    Ok((whole, imports))
}

/// The place of the imported module on the line, if it imports one.
fn specifier(line: &str) -> Option<Range<usize>> {
    let begins = BEGINS.iter().any(|begin| line.starts_with(begin));
    let upto = line.trim_end().strip_suffix("';").filter(|_| begins)?;
    let start = upto.rfind('\'')?;
    let before = &line[..start];
    let names = before.ends_with(" from ") || before == "import ";
    names.then_some(start + 1..upto.len())
}

/// The path to which `specifier` refers in the module at `path`. `None` if it is not
/// relative, or leads out of the folder.
fn beside(path: &str, specifier: &str) -> Option<String> {
    let mut folders: Vec<_> = path.split('/').collect();
    folders.pop();
    if !specifier.starts_with("./") && !specifier.starts_with("../") {
        return None;
    }
    for part in specifier.split('/') {
        match part {
            "." => {}
            ".." => drop(folders.pop()?),
            part => folders.push(part),
        }
    }
    Some(folders.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_named_by_their_paths() {
        let text = "// from './no.js';\nimport { a } from './b.js';\nimport {\n  c,\n} from '../d.js';\n\
                    export { e } from '../f/g.js';\nimport './h.js';\nexport const i = 'j';\n";
        let (whole, imports) = rewritten("x/y.js", &text.replace("// from './no.js';\n", ""))
            .expect("it is written as ours are");
        assert_eq!(imports, ["x/b.js", "d.js", "f/g.js", "x/h.js"]);
        assert_eq!(
            whole,
            "import { a } from 'x/b.js';\nimport {\n  c,\n} from 'd.js';\n\
             export { e } from 'f/g.js';\nimport 'x/h.js';\nexport const i = 'j';\n"
        );
    }

    #[test]
    fn other_forms_of_import_are_rejected() {
        for line in [
            "import { a } from \"./b.js\";",
            "import { a } from './b.js'; // why",
            "import { a } from './b.js'",
            "import { a } from '../../b.js';",
            "import { a } from 'b';",
            "import{a}from\"./b.js\";",
            "const a = await import('./b.js');",
            "const a = import.meta.url;",
        ] {
            let refused = rewritten("x/y.js", line).expect_err(line);
            assert!(refused.to_string().starts_with("x/y.js: "), "{refused}");
        }
    }

    #[test]
    fn a_missing_module_is_named() {
        let read = |path: &str| match path {
            "app.js" => Some(Cow::from(&b"import { a } from './a/b.js';\n"[..])),
            "a/b.js" => Some(Cow::from(&b"import '../app.js';\nimport './c.js';\n"[..])),
            _ => None,
        };
        let missing = import_map(read, "app.js").expect_err("there is no a/c.js");
        assert_eq!(
            missing.to_string(),
            "a/b.js wants a/c.js, which is not among the files of the page"
        );
    }
}
