//! The parts of an algorithm's file that are shown: its head, its messages, its state, its
//! handlers.

use std::borrow::Cow;

use super::Lesson;

impl Lesson {
    /// The idea: the prose at the head of the file, for people who read no
    /// Rust.
    pub fn idea(&self) -> String {
        let head = self
            .file
            .content
            .lines()
            .map_while(|line| line.strip_prefix("//!"));
        let lines: Vec<_> = head
            .map(|line| line.strip_prefix(' ').unwrap_or(line))
            .collect();
        // Links to the types below have no target in a terminal.
        lines.join("\n").replace("[`", "`").replace("`]", "`")
    }

    /// The message type, as it stands in the file.
    pub fn messages(&self) -> String {
        let name = self.named_after("type Message = ");
        let messages = self.items(|line| is_public(line, name)).pop();
        messages.unwrap_or_default()
    }

    /// The state of a process, as it stands in the file, with the private types that
    /// it contains.
    pub fn state(&self) -> String {
        let name = self.named_after("Algorithm for ");
        let name = name.or_else(|| self.named_after("Synchronous for "));
        let is_private = |line: &str| line.starts_with("struct ") || line.starts_with("enum ");
        let mut all = self.items(|line| is_public(line, name));
        all.extend(self.items(is_private));
        all.join("\n\n")
    }

    /// The handlers, as they stand in the file, with the functions that they call: the rest
    /// of the code, up to the tests.
    pub fn handlers(&self) -> String {
        let lines = self.file.content.lines();
        let lines = lines.take_while(|&line| line != "#[cfg(test)]");
        let traits = ["Algorithm for ", "Synchronous for "];
        let begins =
            |line: &str| line.starts_with("impl") && traits.iter().any(|name| line.contains(name));
        let handlers = lines.skip_while(|line| !begins(line));
        let lines: Vec<_> = handlers.collect();
        lines.join("\n").trim_end().to_owned()
    }

    /// The type that the code names first after `text`.
    fn named_after(&self, text: &str) -> Option<&'static str> {
        let code = self
            .file
            .content
            .lines()
            .filter(|line| !line.starts_with("//"));
        let mut rest = code.filter_map(|line| Some(line.split_once(text)?.1));
        rest.next().map(identifier)
    }

    /// The items outside the tests whose first line is `wanted`: with their
    /// comments, without their attributes. rustfmt puts the end of an item on
    /// the first line or, as a brace, at the beginning of a line.
    fn items(&self, wanted: impl Fn(&str) -> bool) -> Vec<String> {
        let (mut items, mut comments) = (Vec::new(), Vec::<Cow<'_, str>>::new());
        let lines = self.file.content.lines();
        let lines = lines.take_while(|&line| line != "#[cfg(test)]");
        let mut lines = lines.filter_map(without_attributes);
        while let Some(line) = lines.next() {
            if line.starts_with("///") {
                comments.push(line);
            } else if wanted(&line) {
                let mut item = std::mem::take(&mut comments);
                let is_whole = line.ends_with(['}', ';']);
                item.push(line);
                if !is_whole {
                    item.extend(lines.by_ref().take_while(|line| !line.starts_with('}')));
                    item.push("}".into());
                }
                items.push(item.join("\n"));
            } else {
                comments.clear();
            }
        }
        items
    }
}

/// Whether a public struct or enum of that name begins with this line.
fn is_public(line: &str, name: Option<&str>) -> bool {
    let item = line.strip_prefix("pub ");
    let item = item.and_then(|item| item.strip_prefix("struct ").or(item.strip_prefix("enum ")));
    item.is_some() && item.map(identifier) == name
}

/// The identifier at the beginning of `text`.
fn identifier(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_');
    &text[..end.unwrap_or(text.len())]
}

/// The line without its attributes; `None` if nothing else is left.
fn without_attributes(line: &str) -> Option<Cow<'_, str>> {
    let Some((before, rest)) = line.split_once("#[") else {
        return Some(line.into());
    };
    let mut open = 1;
    let end = rest.find(|c| {
        open += i32::from(c == '[') - i32::from(c == ']');
        open == 0
    });
    let after = end.map_or("", |end| rest[end + 1..].trim_start());
    let line = format!("{before}{after}");
    (!line.trim().is_empty()).then_some(line.into())
}
