//! The other runs in the folder of the shown run.
//!
//! A run's id is the name of its folder. The id in a request is checked before it is
//! used in a path, and only a folder with a `run.json` is opened.

use std::cmp::Reverse;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::answer::{Refusal, blocking};
use super::shown::Shown;
use crate::run::Folder;

/// How many other runs are kept in memory: two that are compared, and the previous one.
/// A guess.
const KEPT: usize = 3;

/// The longest name of a folder.
const LONGEST_ID: usize = 255;

/// The folder of the shown run, and the other runs that were requested.
#[derive(Debug, Default)]
pub struct Runs {
    folder: OnceLock<PathBuf>,
    /// The most recently used run is last. Locked while a run is loaded, so that none is
    /// loaded twice.
    opened: Mutex<Vec<Opened>>,
}

#[derive(Debug)]
struct Opened {
    id: String,
    /// When its record was written. If it was written again since, the run is reloaded.
    written: Option<SystemTime>,
    shown: Shown,
}

impl Runs {
    /// Sets the folder of the shown run. Only the first call has an effect.
    pub fn saved_in(&self, folder: &Path) {
        // The folder's name is needed, which `.` does not contain.
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let _ = self.folder.set(folder);
    }

    /// The folder of the shown run.
    pub(super) fn folder(&self) -> Option<PathBuf> {
        self.folder.get().cloned()
    }

    /// The id of the shown run.
    pub(super) fn current(&self) -> Option<String> {
        let name = self.folder.get()?.file_name()?;
        Some(name.to_string_lossy().into_owned())
    }

    /// Opens another run.
    pub(super) async fn open(&self, id: &str) -> Result<Shown, Refusal> {
        let path = self.beside(id)?;
        let folder = Folder::open(&path).map_err(|_| no_run(id))?;
        let mut opened = self.opened.lock().await;
        let written = folder.written();
        let known = opened.iter().position(|known| known.id == id);
        if let Some(known) = known.map(|place| opened.remove(place))
            && known.written == written
        {
            let shown = known.shown.clone();
            opened.push(known);
            return Ok(shown);
        }
        let loaded = blocking(move || folder.load()).await?;
        let (run, store) = loaded.map_err(|error| Refusal::internal(error.to_string()))?;
        let shown = Shown {
            store: Arc::new(store),
            run: Arc::new(run),
            folder: Some(path),
        };
        if opened.len() >= KEPT {
            opened.remove(0);
        }
        opened.push(Opened {
            id: id.to_owned(),
            written,
            shown: shown.clone(),
        });
        Ok(shown)
    }

    /// The path of the run with that id. It cannot leave the folder of runs.
    fn beside(&self, id: &str) -> Result<PathBuf, Refusal> {
        let good = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:+".contains(&byte);
        let name = !id.is_empty() && id.len() <= LONGEST_ID && !id.starts_with('.');
        if !name || !id.bytes().all(good) {
            let message = "run: a run is named as its folder, in letters, digits and -_.:+";
            return Err(Refusal::bad_request(message));
        }
        let around = self.folder.get().and_then(|folder| folder.parent());
        Ok(around.ok_or_else(|| no_run(id))?.join(id))
    }

    /// `{"current":"ID","runs":[…]}`, the newest first. `now` is the record of the shown
    /// run, which may be newer than its file.
    pub(super) fn list(&self, now: &Value) -> Value {
        let current = self.current();
        let around = self.folder.get().and_then(|folder| folder.parent());
        let entries = around.and_then(|around| fs::read_dir(around).ok());
        let mut runs: Vec<_> = entries
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| {
                let id = entry.file_name().into_string().ok()?;
                self.beside(&id).ok()?;
                let record = match current.as_ref() == Some(&id) {
                    true => now.clone(),
                    // A run whose record cannot be read cannot be opened either.
                    false => Folder::open(&entry.path()).ok()?.record().ok()?,
                };
                Some(summary(&id, &record))
            })
            .collect();
        runs.sort_by_cached_key(|run| Reverse((run["started"].to_string(), run["id"].to_string())));
        json!({ "current": current, "runs": runs })
    }
}

fn no_run(id: &str) -> Refusal {
    Refusal::not_found(format!("there is no run {id}"))
}

/// The entry of a run in the list.
fn summary(id: &str, record: &Value) -> Value {
    let spans = &record["spans"];
    json!({
        "id": id,
        "experiment": record["experiment"]["name"],
        "started": record["started"],
        "seconds": record["seconds"],
        "verdict": record["verdict"]["status"],
        "died": record["died"] == true,
        "peers": record["peers"],
        "command": record["command"],
        "seed": record["seed"],
        "spans": {
            "started": spans["started"],
            "stored": spans["stored"],
            "lost": spans["lost"],
        },
    })
}
