//! The folder of the sandbox. Several workers may share it, so that nothing is held in memory; a file appears whole or not
//! at all, and is never changed: what happens later is a file of its own.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use almanac_shared::platform::clock::Clock;
use anyhow::Context;
use chrono::{DateTime, Utc};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

/// Files of one kind.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shelf {
    Posts,
    Uploads,
    Ports,
}

/// The folder.
pub(super) struct Folder {
    root: PathBuf,
    clock: Box<dyn Clock>,
    writing: Mutex<()>,
    /// Tells the drafts of processes apart: process ids of two containers may be equal.
    process: Uuid,
    drafts: AtomicU64,
}

impl Folder {
    pub(super) fn open(root: &Path, clock: Box<dyn Clock>) -> anyhow::Result<Self> {
        let (writing, drafts) = (Mutex::new(()), AtomicU64::new(0));
        let folder = Self { root: root.to_owned(), clock, writing, process: Uuid::new_v4(), drafts };
        for shelf in [Shelf::Posts, Shelf::Uploads, Shelf::Ports] {
            let path = folder.shelf(shelf);
            fs::create_dir_all(&path).with_context(|| format!("making the folder {}", path.display()))?;
        }
        Ok(folder)
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Held from the search for a duplicate to the file.
    pub(super) fn lock(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Free numbers begin here. Beyond 2^53, as the vendors' are, and even: a post that comes of an upload has the next one.
    pub(super) fn numbers(&self) -> impl Iterator<Item = u64> + use<> {
        (u64::try_from(self.now().timestamp_micros()).unwrap_or_default() * 1_000..).step_by(2)
    }

    /// Ports on which processes have listened, the newest first.
    pub(super) fn ports(&self) -> anyhow::Result<Vec<u16>> {
        let mut ports = self.read_all::<(DateTime<Utc>, u16)>(Shelf::Ports)?;
        ports.sort_unstable();
        Ok(ports.into_iter().rev().map(|(_, port)| port).collect())
    }

    pub(super) fn add_port(&self, port: u16) -> anyhow::Result<()> {
        self.write_new(Shelf::Ports, &port.to_string(), &(self.now(), port)).map(|_| ())
    }

    /// Writes a value that is not there; false if it is.
    pub(super) fn write_new<T: Serialize>(&self, shelf: Shelf, id: &str, value: &T) -> anyhow::Result<bool> {
        self.write_file(&self.path(shelf, id, "json"), &serde_json::to_vec_pretty(value)?)
    }

    pub(super) fn read<T: DeserializeOwned>(&self, shelf: Shelf, id: &str) -> anyhow::Result<Option<T>> {
        read(&self.path(shelf, id, "json"))
    }

    /// All values of a shelf.
    pub(super) fn read_all<T: DeserializeOwned>(&self, shelf: Shelf) -> anyhow::Result<Vec<T>> {
        let mut values = Vec::new();
        for name in self.names(shelf)?.iter().filter(|name| name.ends_with(".json")) {
            values.extend(read::<T>(&self.shelf(shelf).join(name))?);
        }
        Ok(values)
    }

    /// Writes the page of a post, if there is none.
    pub(super) fn write_page(&self, id: &str, page: &str) -> anyhow::Result<()> {
        self.write_file(&self.path(Shelf::Posts, id, "html"), page.as_bytes()).map(|_| ())
    }

    fn names(&self, shelf: Shelf) -> anyhow::Result<Vec<String>> {
        let path = self.shelf(shelf);
        let files = fs::read_dir(&path).with_context(|| format!("listing {}", path.display()))?;
        let names = files.map(|file| Ok(file?.file_name().to_string_lossy().into_owned()));
        names.collect::<io::Result<_>>().with_context(|| format!("listing {}", path.display()))
    }

    fn shelf(&self, shelf: Shelf) -> PathBuf {
        match shelf {
            Shelf::Posts => self.root.clone(),
            Shelf::Uploads => self.root.join("uploads"),
            Shelf::Ports => self.root.join("ports"),
        }
    }

    fn path(&self, shelf: Shelf, id: &str, extension: &str) -> PathBuf {
        self.shelf(shelf).join(file_name(id, extension))
    }

    fn write_file(&self, path: &Path, bytes: &[u8]) -> anyhow::Result<bool> {
        let number = self.drafts.fetch_add(1, Ordering::Relaxed);
        let draft = path.with_extension(format!("{}-{number}.draft", self.process.simple()));
        fs::write(&draft, bytes).with_context(|| format!("writing {}", draft.display()))?;
        let linked = fs::hard_link(&draft, path);
        fs::remove_file(&draft).with_context(|| format!("removing {}", draft.display()))?;
        match linked {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error).with_context(|| format!("writing {}", path.display())),
        }
    }
}

/// An id as the name of a file: nothing in it leads to another folder.
fn file_name(id: &str, extension: &str) -> String {
    let kept = |char: char| if char.is_ascii_alphanumeric() || char == '_' { char } else { '-' };
    format!("{}.{extension}", id.chars().map(kept).collect::<String>())
}

fn read<T: DeserializeOwned>(path: &Path) -> anyhow::Result<Option<T>> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).with_context(|| format!("{} is damaged", path.display())),
        // An id of a request may be longer than a name of a file.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidFilename) => Ok(None),
        Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
    }
}
