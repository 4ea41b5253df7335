//! The round trip between two peers that are connected: PING and PONG as
//! `testbed ping --count` measures them, with every step traced and every
//! result saved, and a message that is sent back on one libp2p stream.

use std::time::Instant;

use futures::{AsyncReadExt as _, AsyncWriteExt as _};
use libp2p::Stream;

use crate::bare;
use crate::line::{Line, median, seconds};
use crate::ours::Ours;
use crate::side::{Side, alone, in_turn};

/// How many round trips make a measurement.
const COUNT: usize = 5_000;

/// With the four bytes of its length, a frame is as long as that of a PING.
const LENGTH: usize = 77;

/// The median round trip of [`COUNT`].
pub(crate) fn round_trip(transport: &'static str, rounds: usize) -> Line {
    let arguments = format!("--peers 2 --transport {transport} ping --count {COUNT}");
    let medians = in_turn(rounds, |side| match side {
        Side::Ours => {
            let mut ours = Ours::new(&arguments);
            alone(async move { ours.ping().await })
        }
        Side::Floor => alone(async move {
            let peers = bare::network(transport, 2, &[(0, 1)]).await;
            let (near, far) = bare::open_stream(&peers).await;
            tokio::spawn(echo(far));
            exchange(near).await
        }),
    });
    Line {
        medians,
        show: seconds,
        rounds,
        remarks: format!(", each of {COUNT} round trips"),
    }
}

/// Sends what comes back where it came from.
async fn echo(mut stream: Stream) {
    let mut frame = Vec::new();
    while read(&mut stream, &mut frame).await.is_ok() {
        if write(&mut stream, &frame).await.is_err() {
            return;
        }
    }
}

async fn exchange(mut stream: Stream) -> f64 {
    let (message, mut answer) = (vec![7; LENGTH], Vec::new());
    let mut times = Vec::with_capacity(COUNT);
    for _ in 0..COUNT {
        let began = Instant::now();
        write(&mut stream, &message).await.expect("an open stream");
        read(&mut stream, &mut answer)
            .await
            .expect("an open stream");
        times.push(began.elapsed().as_secs_f64());
    }
    assert_eq!(message, answer);
    median(times)
}

/// A frame behind its length in four bytes, in one write.
async fn write(stream: &mut Stream, frame: &[u8]) -> std::io::Result<()> {
    let length = u32::try_from(frame.len()).expect("a short frame");
    let bytes = [&length.to_be_bytes(), frame].concat();
    stream.write_all(&bytes).await?;
    stream.flush().await
}

async fn read(stream: &mut Stream, frame: &mut Vec<u8>) -> std::io::Result<()> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).await?;
    frame.resize(u32::from_be_bytes(length) as usize, 0);
    stream.read_exact(frame).await
}
