//! The worlds that have a name.

/// The text of that preset, as a user would write it.
pub(super) fn text(name: &str) -> Option<&'static str> {
    match name {
        "lan" => Some(LAN),
        "wan" => Some(WAN),
        "regions" => Some(include_str!("regions.toml")),
        _ => None,
    }
}

/// A switched network in a building.
const LAN: &str = r#"
latency = "1ms"

[class.desk]
share = 1
up = "1Gbit/s"
down = "1Gbit/s"
"#;

/// Peers anywhere, each pair with a latency of its own.
const WAN: &str = r#"
latency = "20ms..100ms"
"#;
