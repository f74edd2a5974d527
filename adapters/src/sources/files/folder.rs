//! Finding and reading documents on disk, within limits.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    time::SystemTime,
};

use explainer_core::{
    domain::Event,
    explain::collect::{self, MAX_DOCUMENT},
};

/// The endings of documents.
const ENDINGS: [&str; 4] = ["json", "jsonl", "ndjson", "envelope"];
/// How many documents are read at most.
const MAX_FILES: usize = 5_000;
/// How many bytes are read at most, of all documents together.
const MAX_BYTES: u64 = 256 * 1024 * 1024;

/// The documents of a folder, with what tells whether one has changed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Listing {
    files: Vec<Found>,
}

#[derive(Debug, PartialEq, Eq)]
struct Found {
    path: PathBuf,
    size: u64,
    changed: Option<SystemTime>,
}

impl Listing {
    /// What there is at `root`: that file, or the documents in that folder and those below it.
    /// Links that lead out of the folder are not followed, nor is anything but plain files.
    pub(super) fn of(root: &Path) -> io::Result<Self> {
        let mut files = Vec::new();
        let mut open = vec![root.to_owned()];
        while let Some(path) = open.pop() {
            let is_root = path == root;
            let metadata = match fs::metadata(&path) {
                Ok(metadata) => metadata,
                Err(error) if is_root => return Err(error),
                Err(_vanished) => continue,
            };
            if metadata.is_dir() && (is_root || !path.is_symlink()) {
                let entries = fs::read_dir(&path)?.take(MAX_FILES);
                open.extend(entries.filter_map(|entry| Some(entry.ok()?.path())));
            } else if metadata.is_file() && (is_root || is_document(&path) && is_below(root, &path))
            {
                files.push(Found {
                    path,
                    size: metadata.len(),
                    changed: metadata.modified().ok(),
                });
            }
            if files.len() + open.len() > MAX_FILES {
                tracing::warn!(folder = %root.display(), "more than {MAX_FILES} documents: the rest is not read");
                break;
            }
        }
        files.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(Self { files })
    }

    /// Every event of every document. A document that cannot be read is named in the log and left out.
    pub(super) fn read(&self) -> Vec<Event> {
        let mut reading = Reading::default();
        let mut left = MAX_BYTES;
        for Found { path, size, .. } in &self.files {
            let Some(rest) = left.checked_sub(*size) else {
                tracing::warn!(path = %path.display(), "the documents hold more than {MAX_BYTES} bytes: this and the rest is not read");
                break;
            };
            left = rest;
            match read(path) {
                Ok(bytes) => reading.document(&path.display().to_string(), &bytes),
                Err(error) => tracing::warn!(path = %path.display(), %error, "document left out"),
            }
        }
        reading.events
    }
}

fn is_document(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| ENDINGS.contains(&ending.to_ascii_lowercase().as_str()))
}

fn is_below(root: &Path, path: &Path) -> bool {
    path.canonicalize().is_ok_and(|real| real.starts_with(root))
}

/// At most one byte more than a document may have, so that a larger one is told as such.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(MAX_DOCUMENT as u64 + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Events gathered from documents.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub events: Vec<Event>,
}

impl Reading {
    /// Adds the events of one document; one without any is named in the log and left out.
    pub(super) fn document(&mut self, name: &str, bytes: &[u8]) {
        match collect::read(bytes) {
            Ok(events) => self.events.extend(events),
            Err(error) => tracing::warn!(path = name, %error, "document left out"),
        }
    }
}
