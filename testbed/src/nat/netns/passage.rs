//! The way of the peers' spans out of their namespaces. A Unix socket with a path is the same
//! in all network namespaces: in each host a listener on the loopback passes connections on
//! to it, and outside they are passed on to the collector.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::task::{JoinHandle, JoinSet};

use super::Error;
use super::space::Space;
use crate::nat::Collector;

/// A part of the way. It is closed when it is dropped.
#[derive(Debug)]
pub(super) struct Passage {
    task: JoinHandle<()>,
    folder: Option<PathBuf>,
}

impl Drop for Passage {
    fn drop(&mut self) {
        self.task.abort();
        if let Some(folder) = &self.folder {
            // It is ours, and one that stays is empty but for a socket.
            let _ = fs::remove_dir_all(folder);
        }
    }
}

/// The part outside, and the path of its socket.
pub(super) fn outside(collector: &Collector) -> Result<(Passage, PathBuf), Error> {
    let name = format!("testbed-nat-{}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    let failed = |what: &Path| Error::system(what.display().to_string());
    // Nobody else may send spans, or listen in its place.
    let created = DirBuilder::new().mode(0o700).create(&folder);
    created.map_err(failed(&folder))?;
    let path = folder.join("spans");
    let listener = UnixListener::bind(&path).map_err(failed(&path))?;
    let authority = collector.authority.clone();
    let task = tokio::spawn(async move {
        let mut open = JoinSet::new();
        while let Ok((mut from, _)) = listener.accept().await {
            let authority = authority.clone();
            open.spawn(async move {
                let mut to = TcpStream::connect(authority).await?;
                copy_bidirectional(&mut from, &mut to).await
            });
            while open.try_join_next().is_some() {}
        }
    });
    let folder = Some(folder);
    Ok((Passage { task, folder }, path))
}

/// The part inside a host: from that port of its loopback to the socket.
pub(super) fn inside(space: &Space, port: u16, socket: &Path) -> io::Result<Passage> {
    let listener = space.within(|| std::net::TcpListener::bind(("127.0.0.1", port)))?;
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let socket = socket.to_owned();
    let task = tokio::spawn(async move {
        let mut open = JoinSet::new();
        while let Ok((mut from, _)) = listener.accept().await {
            let socket = socket.clone();
            open.spawn(async move {
                let mut to = UnixStream::connect(socket).await?;
                copy_bidirectional(&mut from, &mut to).await
            });
            while open.try_join_next().is_some() {}
        }
    });
    Ok(Passage { task, folder: None })
}
