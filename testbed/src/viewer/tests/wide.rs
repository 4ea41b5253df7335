//! A viewer that other machines can reach: the token is required.

use super::*;

/// A viewer on all addresses of this machine, and its token.
async fn wide() -> (Server, String) {
    let listener = bind(([0, 0, 0, 0], 0).into()).await.expect("a free port");
    let url = listener.url();
    let (there, token) = url.split_once("/?token=").expect("a token");
    let port = listener.address.port();
    assert_eq!(there, format!("http://127.0.0.1:{port}"));
    assert_eq!(token.len(), 32);
    let warning = listener.warning().expect("a warning");
    for part in [token, "other machines", "no TLS", &port.to_string()] {
        assert!(warning.contains(part), "{warning}");
    }
    let token = token.to_owned();
    (serving_at(listener, samples::store(), Takes::Spans), token)
}

#[tokio::test]
async fn requests_without_the_token_are_rejected() {
    let (server, token) = wide().await;
    let other = format!("{:032x}", u128::from_str_radix(&token, 16).unwrap() ^ 1);
    let port = server.address.port();
    for (line, headers) in [
        ("GET /", String::new()),
        ("GET /app.js", String::new()),
        ("GET /api/services", String::new()),
        ("POST /v1/traces", String::new()),
        ("GET /", format!("Authorization: Bearer {other}\r\n")),
        ("GET /", format!("Authorization: Basic {token}\r\n")),
        ("GET /", format!("Authorization: {token}\r\n")),
        ("GET /", format!("Cookie: testbed-{port}={other}\r\n")),
        ("GET /", format!("Cookie: testbed-{}={token}\r\n", port ^ 1)),
        ("GET /", format!("Cookie: testbed-{port}=\r\n")),
        (&format!("GET /?token={other}"), String::new()),
        ("GET /?token=", String::new()),
        ("GET /?token", String::new()),
        // The token is accepted only in the address of the page: elsewhere it would be
        // recorded.
        (&format!("GET /api/services?token={token}"), String::new()),
        (&format!("POST /v1/traces?token={token}"), String::new()),
    ] {
        let address = ([127, 0, 0, 1], port).into();
        let (status, _, body) = request(address, line, "localhost", &headers, "").await;
        assert_eq!(status, 401, "{line} {headers}");
        assert!(body.contains("Authorization: Bearer TOKEN"), "{body}");
        assert!(!body.contains(&token));
    }
}

#[tokio::test]
async fn the_token_is_accepted_under_every_host_name() {
    let (server, token) = wide().await;
    let port = server.address.port();
    let address = ([127, 0, 0, 1], port).into();
    let host = format!("lab.example:{port}");
    let (status, head, body) = ask(address, &format!("GET /?token={token}"), &host).await;
    assert_eq!((status, body.as_str()), (303, ""));
    let head = head.to_ascii_lowercase();
    assert!(head.contains("\nlocation: /\r"), "{head}");
    let cookie = format!("testbed-{port}={token}");
    let set = format!("\nset-cookie: {cookie}; path=/; httponly; samesite=lax\r");
    assert!(head.contains(&set), "{head}");

    let cookie = format!("Cookie: other=1; {cookie}\r\n");
    let bearer = format!("Authorization: bearer {token}\r\n");
    for headers in [&cookie, &bearer] {
        for line in ["GET /", "GET /app.js", "GET /api/services"] {
            let (status, ..) = request(address, line, &host, headers, "").await;
            assert_eq!(status, 200, "{line} {headers}");
        }
    }
    // A report of a program, and one of another site's page.
    let report = "Content-Type: application/json\r\n";
    let (line, empty) = ("POST /v1/traces", r#"{"resourceSpans":[]}"#);
    let program = format!("{report}{bearer}");
    let (status, ..) = request(address, line, &host, &program, empty).await;
    assert_eq!(status, 200);
    let page = format!("{report}{cookie}Origin: http://evil.example\r\n");
    let (status, ..) = request(address, line, &host, &page, empty).await;
    assert_eq!(status, 403);
}
