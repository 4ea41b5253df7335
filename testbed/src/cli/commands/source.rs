//! The source of a view or an export: a saved run, or a file of spans.

use std::path::Path;
use std::thread;

use node::stderr::note;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use trace::LABORATORY;
use trace::import;
use trace::store::Store;

use crate::cli::Common;
use crate::cli::Error;
use crate::run::{Folder, latest};

/// Spans, and what is known of them.
pub(super) struct Source {
    /// The run's folder, if it is one.
    pub(super) folder: Option<Folder>,
    /// The contents of `run.json`.
    pub(super) run: Value,
    /// The spans.
    pub(super) store: Store,
}

impl Source {
    /// Opens the source at `path`; without a path, the last run.
    pub(super) fn open(common: &Common, path: Option<&Path>) -> Result<Self, Error> {
        let folder = match path {
            // A pipe is read like a file.
            Some(path) if path.exists() && !path.is_dir() => return Self::file(path),
            Some(path) => Folder::open(path)?,
            None => latest(&common.out)?,
        };
        let (run, store) = folder.load()?;
        if let (Some(true), Some(why)) =
            (run["died"].as_bool(), run["verdict"]["reasons"][0].as_str())
        {
            note(format_args!("{}: {why}", folder.path().display()));
        }
        tell(folder.path(), &store);
        let folder = Some(folder);
        Ok(Self { folder, run, store })
    }

    /// Opens the source on a separate thread: a pipe that nothing is written to must
    /// not keep the program from ending. `None` if `interrupt` was cancelled first.
    pub(super) async fn read(
        common: &Common,
        path: Option<&Path>,
        interrupt: &CancellationToken,
    ) -> Result<Option<Self>, Error> {
        let (common, path) = (common.clone(), path.map(Path::to_owned));
        let (sender, opened) = oneshot::channel();
        let read = move || {
            // After an interrupt nothing receives it.
            let _ = sender.send(Self::open(&common, path.as_deref()));
        };
        thread::Builder::new().spawn(read).map_err(Error::Thread)?;
        tokio::select! {
            opened = opened => match opened {
                Ok(source) => source.map(Some),
                Err(_) => Err(Error::Unread),
            },
            () = interrupt.cancelled() => Ok(None),
        }
    }

    fn file(path: &Path) -> Result<Self, Error> {
        let store = import::open(path);
        let store = store.map_err(|source| Error::Import {
            path: path.to_owned(),
            source,
        })?;
        tell(path, &store);
        let name = path.file_name().unwrap_or(path.as_os_str());
        Ok(Self {
            folder: None,
            run: about(&name.to_string_lossy(), &store),
            store,
        })
    }
}

/// Reports what was left out.
fn tell(path: &Path, store: &Store) {
    let left_out = store.left_out();
    if left_out.is_some() {
        note(format_args!("{}: {left_out}", path.display()));
    }
}

/// The record of a run of which only the spans are known. Of the spans that are
/// missing, it counts only those that were left out.
pub(super) fn about(name: &str, store: &Store) -> Value {
    let mut spans = json!({ "stored": store.len() });
    match store.left_out().spans {
        0 => {}
        left_out => spans["lost"] = left_out.into(),
    }
    json!({
        "id": name,
        "experiment": { "name": name, "options": {} },
        "peers": peers(store),
        "spans": spans,
    })
}

/// The number of peers. The laboratory, which reports what it did to a run, is none.
fn peers(store: &Store) -> usize {
    let services = store.services().into_iter();
    let peers = services.filter(|service| service.name != LABORATORY);
    peers.count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use trace::store::samples;

    #[test]
    fn the_service_of_the_run_is_no_peer() {
        let store = samples::store();
        store.add_service(samples::resource(LABORATORY));
        let run = about("j.json", &store);
        assert_eq!(run["peers"], 2);
        assert_eq!(run["spans"], json!({ "stored": 3 }));
    }
}
