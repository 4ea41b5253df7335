//! A minimal HTTP client for the servers of the programs.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::Value;

/// A response.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Status and headers.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Panics
    /// When it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }
}

/// Gets `path` from the server at `address`.
///
/// # Panics
/// When it does not answer.
pub fn get(address: &str, path: &str) -> Answer {
    ask(address, &format!("GET {path}"), "", "")
}

/// The same for a client that accepts these types.
///
/// # Panics
/// When it does not answer.
pub fn get_as(address: &str, path: &str, accept: &str) -> Answer {
    let accept = format!("Accept: {accept}\r\n");
    ask(address, &format!("GET {path}"), &accept, "")
}

/// Posts `body` to `path` of the server at `address`.
///
/// # Panics
/// When it does not answer.
pub fn post(address: &str, path: &str, body: &str) -> Answer {
    ask(address, &format!("POST {path}"), "", body)
}

/// The address in a line that names one.
///
/// # Panics
/// When there is none.
pub fn address(line: &str) -> &str {
    let mut words = line.split(' ');
    let found = words.find_map(|word| word.strip_prefix("http://"));
    found.unwrap_or_else(|| panic!("no address in {line}"))
}

fn ask(address: &str, request: &str, headers: &str, body: &str) -> Answer {
    let mut stream = TcpStream::connect(address).expect("it listens");
    let length = body.len();
    let request = format!(
        "{request} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    let (head, body) = answer.split_once("\r\n\r\n").expect("head and body");
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    Answer {
        status: status.expect("a status"),
        head: head.to_owned(),
        body: body.to_owned(),
    }
}
