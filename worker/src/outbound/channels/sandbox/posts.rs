//! The posts of the sandbox: one JSON file each, with a preview beside it. Several workers may share the folder, so that
//! nothing is held in memory and a file appears whole or not at all.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use almanac_shared::{platform::clock::Clock, publishing::Channel};
use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::preview;

/// How long the same text of an account counts as a duplicate. Vendors do not document their time.
const DUPLICATE_WINDOW: TimeDelta = TimeDelta::seconds(60);

/// A post.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SavedPost {
    pub(super) id: String,
    pub(super) channel: String,
    pub(super) account: String,
    pub(super) created_at: DateTime<Utc>,
    #[serde(flatten)]
    pub(super) content: Content,
}

/// What a post says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Content {
    /// As the channel shows it.
    pub(super) text: String,
    /// Addresses or ids of pictures.
    pub(super) media: Vec<String>,
    /// The body of the request.
    pub(super) request: Value,
}

/// A picture before its post.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Upload {
    pub(super) owner: String,
    /// Its address, if the vendor fetches it.
    pub(super) url: Option<String>,
    /// Its size, once it has arrived.
    pub(super) bytes: Option<usize>,
}

/// The folder.
pub(super) struct Posts {
    folder: PathBuf,
    uploads: PathBuf,
    clock: Box<dyn Clock>,
    writing: Mutex<()>,
    drafts: AtomicU64,
}

impl Posts {
    pub(super) fn open(folder: &Path, clock: Box<dyn Clock>) -> anyhow::Result<Self> {
        let uploads = folder.join("uploads");
        fs::create_dir_all(&uploads).with_context(|| format!("making the folder {}", uploads.display()))?;
        Ok(Self { folder: folder.to_owned(), uploads, clock, writing: Mutex::new(()), drafts: AtomicU64::new(0) })
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Held from the search for a duplicate to the file.
    pub(super) fn lock(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a post under an id that `name` makes of a free number beyond 2^53, as the vendors' are.
    pub(super) fn add(
        &self,
        channel: Channel,
        account: &str,
        content: Content,
        name: impl Fn(u64) -> String,
    ) -> anyhow::Result<SavedPost> {
        let created_at = self.now();
        let (channel, account) = (channel.to_string(), account.to_owned());
        let mut post = SavedPost { id: String::new(), channel, account, created_at, content };
        for number in self.numbers() {
            post.id = name(number);
            if self.write_new(&self.folder.join(file_name(&post.id, "json")), &serde_json::to_vec_pretty(&post)?)? {
                break;
            }
        }
        self.write_new(&self.folder.join(file_name(&post.id, "html")), preview::page(&post).as_bytes())?;
        Ok(post)
    }

    pub(super) fn find(&self, id: &str) -> anyhow::Result<Option<SavedPost>> {
        Ok(read::<SavedPost>(&self.folder.join(file_name(id, "json")))?.filter(|post| post.id == id))
    }

    /// The posts of an account, newest first.
    pub(super) fn list(&self, channel: Channel, account: &str) -> anyhow::Result<Vec<SavedPost>> {
        let mut posts = Vec::new();
        for file in fs::read_dir(&self.folder).context("listing posts")? {
            let path = file.context("listing posts")?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                posts.extend(read::<SavedPost>(&path)?);
            }
        }
        posts.retain(|post| post.channel == channel.as_str() && post.account == account);
        posts.sort_by(|one, other| (other.created_at, &other.id).cmp(&(one.created_at, &one.id)));
        Ok(posts)
    }

    /// The newest post of an account, if it is young and says the same with the same pictures.
    pub(super) fn duplicate(
        &self,
        channel: Channel,
        account: &str,
        content: &Content,
    ) -> anyhow::Result<Option<SavedPost>> {
        let newest = self.list(channel, account)?.into_iter().next();
        let since = self.now() - DUPLICATE_WINDOW;
        Ok(newest.filter(|post| {
            post.created_at > since && post.content.text == content.text && post.content.media == content.media
        }))
    }

    /// Keeps a picture under a new id.
    pub(super) fn add_upload(&self, upload: &Upload) -> anyhow::Result<String> {
        for number in self.numbers() {
            let id = number.to_string();
            if self.write_new(&self.upload_path(&id), &serde_json::to_vec(upload)?)? {
                return Ok(id);
            }
        }
        anyhow::bail!("no number is free")
    }

    pub(super) fn upload(&self, id: &str) -> anyhow::Result<Option<Upload>> {
        read(&self.upload_path(id))
    }

    /// Keeps the size of a picture that has arrived.
    pub(super) fn set_uploaded(&self, id: &str, bytes: usize) -> anyhow::Result<bool> {
        let Some(upload) = self.upload(id)? else { return Ok(false) };
        let path = self.upload_path(id);
        let upload = serde_json::to_vec(&Upload { bytes: Some(bytes), ..upload })?;
        let draft = self.draft_path(&path);
        fs::write(&draft, upload).and_then(|()| fs::rename(&draft, &path)).context("keeping an upload")?;
        Ok(true)
    }

    fn upload_path(&self, id: &str) -> PathBuf {
        self.uploads.join(file_name(id, "json"))
    }

    /// A name that no other process and no other call uses.
    fn draft_path(&self, path: &Path) -> PathBuf {
        let number = self.drafts.fetch_add(1, Ordering::Relaxed);
        path.with_extension(format!("{}-{number}.draft", std::process::id()))
    }

    /// Writes a file that does not exist; false if it does.
    fn write_new(&self, path: &Path, bytes: &[u8]) -> anyhow::Result<bool> {
        let draft = self.draft_path(path);
        fs::write(&draft, bytes).with_context(|| format!("writing {}", draft.display()))?;
        let linked = fs::hard_link(&draft, path);
        fs::remove_file(&draft).with_context(|| format!("removing {}", draft.display()))?;
        match linked {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error).with_context(|| format!("writing {}", path.display())),
        }
    }

    /// Numbers from the present time on.
    fn numbers(&self) -> impl Iterator<Item = u64> + use<> {
        (u64::try_from(self.now().timestamp_micros()).unwrap_or_default() * 1_000)..
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
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
    }
}
