//! Reading foreign JSON: down to the texts of its parts, and then each of these alone, so
//! that a malformed part does not affect the others.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// Half a surrogate pair, as JSON writes it. It is not a text, but valid JSON.
const HALF_PAIR: &str = "\\udfff";

/// The digits of U+FFFD, the replacement for invalid text.
const REPLACEMENT: &[u8; 4] = b"fffd";

/// Reads `null` as the default.
pub fn or_default<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::deserialize(from).map(Option::unwrap_or_default)
}

/// Reads `T` from a JSON object only.
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(OnlyObject(PhantomData)).map(Self)
    }
}

struct OnlyObject<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OnlyObject<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

/// The text as UTF-8. Invalid bytes become half a surrogate pair: an error of the part
/// that contains them, and of no other.
pub fn utf8(text: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(text) {
        return Cow::Borrowed(text);
    }
    let mut good = String::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        good.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            good.push_str(HALF_PAIR);
        }
    }
    Cow::Owned(good)
}

/// The text with U+FFFD in place of each unpaired surrogate. Offsets do not change.
pub fn mended(text: Cow<'_, str>) -> Cow<'_, str> {
    let halves = halves(text.as_bytes());
    if halves.is_empty() {
        return text;
    }
    let mut bytes = text.into_owned().into_bytes();
    for digits in halves {
        bytes[digits..digits + 4].copy_from_slice(REPLACEMENT);
    }
    // Digits replaced digits.
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

/// The offsets of the digits of unpaired surrogates.
fn halves(text: &[u8]) -> Vec<usize> {
    let unit = |at: usize| {
        let escape = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(std::str::from_utf8(escape).ok()?, 16).ok()
    };
    let (mut halves, mut at) = (Vec::new(), 0);
    while let Some(next) = text[at..].iter().position(|byte| *byte == b'\\') {
        at += next;
        at += match (unit(at), unit(at + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                halves.push(at + 2);
                6
            }
            // An escape of two characters; the digits of other escapes are ordinary characters.
            _ => 2.min(text.len() - at),
        };
    }
    halves
}

/// Whether a text that cannot be read was cut short. serde_json reports a skipped
/// number that ends too early, for example after its point, as invalid: at the end of
/// the text, this counts as cut short too.
pub fn is_cut(text: &[u8], error: &serde_json::Error) -> bool {
    if error.is_eof() {
        return true;
    }
    let mut lines = text.rsplit(|byte| *byte == b'\n');
    let (last, before) = (lines.next().unwrap_or_default(), lines.count());
    let at_end = error.line() == before + 1 && error.column() >= last.len();
    at_end && error.to_string().starts_with("invalid number")
}

/// Reads a part of `text`, which begins in that line of a file.
///
/// # Errors
/// The error, with its place in the file.
pub fn read_part<T: DeserializeOwned>(text: &str, line: u64, part: &RawValue) -> Result<T, String> {
    serde_json::from_str(part.get()).map_err(|error| place(text, line, part, &error))
}

fn place(text: &str, line: u64, part: &RawValue, error: &serde_json::Error) -> String {
    let message = error.to_string();
    let what = message
        .rsplit_once(" at line ")
        .map_or(&*message, |(what, _)| what);
    let what = match what.contains("hex escape") {
        true => "a text that is not Unicode",
        false => what,
    };
    let before = (part.get().as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    let before = text.get(..before).unwrap_or_default();
    let lines = before.bytes().filter(|byte| *byte == b'\n').count();
    let column = match error.line() {
        1 => before.len() - before.rfind('\n').map_or(0, |end| end + 1) + error.column(),
        _ => error.column(),
    };
    let line = line + (lines + error.line()).saturating_sub(1) as u64;
    format!("line {line}, column {column}: {what}")
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn halves_of_surrogate_pairs_are_replaced() {
        for (text, good) in [
            (r#""\ud83e\udd80""#, "\u{1F980}"),
            (r#""cut \ud83d""#, "cut \u{fffd}"),
            (r#""\ud83d\ud83e\udd80""#, "\u{fffd}\u{1F980}"),
            (r#""\udd80\ud83e""#, "\u{fffd}\u{fffd}"),
            (r#""\uD83D\n""#, "\u{fffd}\n"),
            (r#""\\ud83d""#, "\\ud83d"),
            (r#""\\\ud83d""#, "\\\u{fffd}"),
            (r#""grüße \u0041""#, "grüße A"),
        ] {
            let mended = mended(Cow::Borrowed(text));
            assert_eq!(mended.len(), text.len(), "{text}");
            assert_eq!(
                serde_json::from_str::<String>(&mended).ok().as_deref(),
                Some(good)
            );
        }
        // A text that ends within an escape stays malformed.
        for text in [r#""\"#, r#""\u"#, r#""\ud83"#, r#""\ud83d"#, r#""\ud83d\"#] {
            assert!(serde_json::from_str::<String>(&mended(Cow::Borrowed(text))).is_err());
        }
    }

    #[test]
    fn a_text_that_ends_too_early_is_recognized_as_cut() {
        let read =
            |text: &str| serde_json::from_str::<Object<HashMap<String, &RawValue>>>(text).err();
        for (text, cut) in [
            ("", true),
            ("{\"a\":", true),
            ("{\"a\":0.", true),
            ("{\n\"a\":-", true),
            ("{\"a\":1e", true),
            ("{\"a\":0.x}", false),
            ("{\"a\":-\n}", false),
            ("[1]", false),
            ("{} {", false),
        ] {
            let error = read(text).expect(text);
            assert_eq!(is_cut(text.as_bytes(), &error), cut, "{text}: {error}");
        }
    }

    #[test]
    fn invalid_utf8_affects_only_its_own_text() {
        assert!(matches!(utf8("grüße".as_bytes()), Cow::Borrowed("grüße")));
        let bad = utf8(b"[\"a\xff\xfeb\",1]");
        assert_eq!(bad, r#"["a\udfff\udfffb",1]"#);
        assert!(serde_json::from_str::<Vec<&RawValue>>(&bad).is_ok());
    }
}
