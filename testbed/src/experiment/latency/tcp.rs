//! The baseline: the same bytes over plain TCP, on the loopback.

use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::pace::Way;
use super::{Event, EventKind, WAITING, Witness};

/// One connection, and an echo at its other end.
pub(super) struct Tcp {
    to_send: mpsc::Sender<(u64, usize)>,
    next: u64,
}

/// The first id of these messages: far from those of the stack.
const FIRST: u64 = 1 << 63;

impl Tcp {
    pub(super) async fn start(witness: &Witness) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let client = TcpStream::connect(listener.local_addr()?);
        let (client, server) = tokio::try_join!(client, listener.accept())?;
        let server = server.0;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let (to_send, mut sending) = mpsc::channel(WAITING);
        let (reader, mut writer) = client.into_split();
        // The tasks end with the connection, which closes when the sender is dropped.
        tokio::spawn(async move {
            while let Some((id, size)) = sending.recv().await {
                let frame = Frame {
                    id,
                    body: vec![0; size],
                };
                if frame.write(&mut writer).await.is_err() {
                    return;
                }
            }
        });
        let (back, mut echo) = server.into_split();
        let seen = witness.clone();
        tokio::spawn(async move {
            let mut back = BufReader::new(back);
            while let Ok(frame) = Frame::read(&mut back).await {
                seen.see(frame.id, EventKind::Arrived);
                if frame.write(&mut echo).await.is_err() {
                    return;
                }
            }
        });
        let seen = witness.clone();
        tokio::spawn(async move {
            let mut reader = BufReader::new(reader);
            while let Ok(frame) = Frame::read(&mut reader).await {
                seen.see(frame.id, EventKind::Answered);
            }
        });
        Ok(Self {
            to_send,
            next: FIRST,
        })
    }
}

impl Way for Tcp {
    fn send(&mut self, id: u64, _: (u32, u32), size: usize) {
        // If the queue is full, the message gets no answer.
        let _ = self.to_send.try_send((id, size));
    }

    fn next_id(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn answered(&mut self, _: u64, _: Instant) {}
}

/// Length, id, body.
struct Frame {
    id: u64,
    body: Vec<u8>,
}

impl Frame {
    async fn write(&self, to: &mut OwnedWriteHalf) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(12 + self.body.len());
        bytes.extend((self.body.len() as u32).to_be_bytes());
        bytes.extend(self.id.to_be_bytes());
        bytes.extend(&self.body);
        to.write_all(&bytes).await
    }

    async fn read(from: &mut BufReader<OwnedReadHalf>) -> io::Result<Self> {
        let size = from.read_u32().await?;
        let id = from.read_u64().await?;
        let mut body = vec![0; size as usize];
        from.read_exact(&mut body).await?;
        Ok(Self { id, body })
    }
}

/// An observer of messages.
pub(super) trait See {
    fn see(&self, id: u64, what: EventKind);
}

impl See for Witness {
    fn see(&self, id: u64, what: EventKind) {
        let at = Instant::now();
        // The measurement has ended, or its queue is full: it counts as unanswered.
        let _ = self.try_send(Event { id, at, what });
    }
}
