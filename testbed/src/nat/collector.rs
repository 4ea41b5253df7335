//! The collector to which peers send their spans.

/// A collector of this machine, or one that it reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collector {
    /// Host and port.
    pub authority: String,
    /// The port.
    pub port: u16,
    /// The rest of the URL.
    path: String,
}

impl Collector {
    /// The collector with that URL.
    ///
    /// # Errors
    /// What is wrong with it. A certificate would be for a name that peers do not see.
    pub fn parse(url: &str) -> Result<Self, String> {
        const EXAMPLE: &str = "write for example http://127.0.0.1:4318 (or :4317 for gRPC)";
        let rest = url.strip_prefix("http://").ok_or_else(|| {
            format!("peers behind NATs reach a collector over http alone; {EXAMPLE}")
        })?;
        let (authority, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let port = authority
            .rsplit_once(':')
            .and_then(|(_, port)| port.parse().ok());
        match port {
            Some(port) if port > 0 && !authority.contains('@') => Ok(Self {
                authority: authority.to_owned(),
                port,
                path: path.to_owned(),
            }),
            _ => Err(format!("host and port are missing; {EXAMPLE}")),
        }
    }

    /// Its URL for a peer: inside each host, a way out listens on the loopback.
    pub fn inside(&self) -> String {
        format!("http://127.0.0.1:{}{}", self.port, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peers_get_the_loopback() {
        for (url, authority, inside) in [
            (
                "http://127.0.0.1:4318",
                "127.0.0.1:4318",
                "http://127.0.0.1:4318",
            ),
            ("http://[::1]:4317/", "[::1]:4317", "http://127.0.0.1:4317/"),
            (
                "http://jaeger:9/v1/traces",
                "jaeger:9",
                "http://127.0.0.1:9/v1/traces",
            ),
        ] {
            let collector = Collector::parse(url).expect(url);
            assert_eq!(
                (collector.authority.as_str(), collector.inside().as_str()),
                (authority, inside)
            );
        }
        for url in [
            "",
            "jaeger:4318",
            "https://jaeger:4318",
            "http://jaeger",
            "http://a:b@c:1",
            "http://x:0",
        ] {
            assert!(Collector::parse(url).is_err(), "{url}");
        }
    }
}
