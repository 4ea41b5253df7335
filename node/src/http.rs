//! The HTTP servers of both programs: `axum::serve`, with bounds on the time
//! for which a client may keep a connection without a whole request.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody as _};
use futures::{StreamExt as _, stream};
use hyper::body::Incoming;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The pause after a failed `accept`: the process is then mostly out of file
/// descriptors.
const REFUSED: Duration = Duration::from_secs(1);

/// How long a client may take.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// To send the head of a request, counted from the connection or the last answer.
    pub head: Duration,
    /// To send the body of a request, all of it.
    pub body: Duration,
}

impl Default for Times {
    /// 30 s each: guesses. The largest body that is taken, 32 MiB, then needs a
    /// megabyte a second.
    fn default() -> Self {
        Self {
            head: Duration::from_secs(30),
            body: Duration::from_secs(30),
        }
    }
}

/// Serves HTTP/1 and HTTP/2 until `shutdown` is done and the requests under way are
/// answered.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    times: Times,
    shutdown: impl Future<Output = ()>,
) {
    let (connections, stop) = (TaskTracker::new(), CancellationToken::new());
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        match accepted {
            Ok((stream, _)) => {
                let connection = connection(stream, app.clone(), times, stop.clone());
                connections.spawn(connection);
            }
            // That client has gone.
            Err(error) if is_of_client(&error) => {}
            Err(_) => tokio::select! {
                () = sleep(REFUSED) => {}
                () = &mut shutdown => break,
            },
        }
    }
    drop(listener);
    stop.cancel();
    connections.close();
    connections.wait().await;
}

fn is_of_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}

async fn connection(stream: TcpStream, app: Router, times: Times, stop: CancellationToken) {
    // An error only costs latency.
    let _ = stream.set_nodelay(true);
    let asked = Arc::new(AtomicBool::new(false));
    let app = TowerToHyperService::new(app);
    let service = {
        let asked = Arc::clone(&asked);
        service_fn(move |request: hyper::Request<Incoming>| {
            asked.store(true, Ordering::Relaxed);
            app.call(request.map(|body| bounded(body, times.body)))
        })
    };
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(times.head);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(times.head)
        .keep_alive_timeout(times.head);
    let mut served = pin!(builder.serve_connection(TokioIo::new(stream), service));
    // hyper has no time limit while it detects the version of HTTP.
    let mut first = pin!(sleep(times.head));
    let (mut waiting, mut stopping) = (true, false);
    loop {
        tokio::select! {
            // How it ended does not matter to the server.
            _ = served.as_mut() => break,
            () = &mut first, if waiting => {
                waiting = false;
                if !asked.load(Ordering::Relaxed) {
                    break;
                }
            }
            () = stop.cancelled(), if !stopping => {
                stopping = true;
                served.as_mut().graceful_shutdown();
            }
        }
    }
}

/// The body with a time limit, after which it ends in an error.
fn bounded(body: Incoming, time: Duration) -> Body {
    if body.is_end_stream() {
        return Body::empty();
    }
    let deadline = Instant::now() + time;
    let parts = Some(Body::new(body).into_data_stream());
    Body::from_stream(stream::unfold(parts, move |parts| async move {
        let mut parts = parts?;
        match timeout_at(deadline, parts.next()).await {
            Ok(None) => None,
            Ok(Some(Ok(part))) => Some((Ok(part), Some(parts))),
            Ok(Some(Err(error))) => Some((Err(io::Error::other(error)), None)),
            Err(_) => {
                let late = format!("the body did not come within {time:?}");
                Some((Err(io::Error::new(io::ErrorKind::TimedOut, late)), None))
            }
        }
    }))
}

#[cfg(test)]
mod tests {
    use axum::routing::post;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::sync::oneshot;
    use tokio::time::timeout;

    use super::*;

    const SHORT: Times = Times {
        head: Duration::from_millis(100),
        body: Duration::from_millis(100),
    };

    /// The deadline of a test.
    const DEADLINE: Duration = Duration::from_secs(60);

    /// All that comes until the server closes the connection.
    async fn until_closed(address: std::net::SocketAddr, sent: &[u8]) -> String {
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        stream.write_all(sent).await.expect("it reads");
        let mut answer = Vec::new();
        let read = timeout(DEADLINE, stream.read_to_end(&mut answer)).await;
        // Reset or closed, it is gone.
        let _ = read.unwrap_or_else(|_| panic!("open after {}", sent.escape_ascii()));
        String::from_utf8_lossy(&answer).into_owned()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn requests_that_never_end_are_closed() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("it is bound");
        let app = Router::new().route("/", post(|body: String| async move { body }));
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(serve(listener, app, SHORT, async {
            let _ = stopped.await;
        }));
        const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
        for (sent, answered) in [
            (&b""[..], ""),
            (b"P", ""),
            (&PREFACE[..10], ""),
            (PREFACE, ""),
            (b"POST / HTTP/1.1\r\nHost: a\r\nX-", ""),
            (
                b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhal",
                "400 ",
            ),
            (
                b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n",
                "400 ",
            ),
            (
                b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nwhole",
                "200 OK",
            ),
        ] {
            let answer = until_closed(address, sent).await;
            let begins = answer.strip_prefix("HTTP/1.1 ").unwrap_or_default();
            assert!(
                begins.starts_with(answered),
                "{}: {answer}",
                sent.escape_ascii()
            );
        }
        let held = TcpStream::connect(address).await.expect("it listens");
        stop.send(()).expect("it runs");
        let ended = timeout(DEADLINE, server).await;
        ended.expect("held by a client").expect("no panic");
        drop(held);
    }
}
