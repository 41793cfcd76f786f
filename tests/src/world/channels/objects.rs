//! Photos, images and videos that were uploaded to Facebook or LinkedIn, or are to be, before a post names them.
//! The fakes make and read them; a test sees them as the media of a post in the ledger.

use super::{digest::Digest, ledger::Content, processing::Processing};

/// An uploaded file, by the network's id of it.
#[derive(Clone, Debug)]
pub(super) struct Object {
    /// Its owner.
    pub account: String,
    /// Where it comes from: an address, or nothing for uploaded bytes.
    pub source: String,
    pub phase: Phase,
    pub is_video: bool,
    /// Whether it is a post, or part of one, itself.
    pub is_published: bool,
    /// Of a video that is uploaded in parts.
    pub parts: Vec<Part>,
    /// What was uploaded.
    pub content: Option<Content>,
}

/// One part of a video.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub size: u64,
    /// What it was answered with.
    pub etag: Option<String>,
    /// Of the video up to its end, if all parts before it had arrived.
    pub digest: Option<Digest>,
}

/// How far an upload is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    WaitingForUpload,
    Uploaded,
    HandedIn(Processing),
}

impl Object {
    pub fn new(account: &str, source: &str, phase: Phase) -> Self {
        let (account, source) = (account.to_owned(), source.to_owned());
        Self { account, source, phase, is_video: false, is_published: false, parts: Vec::new(), content: None }
    }

    pub fn is_ready(&self) -> bool {
        matches!(&self.phase, Phase::HandedIn(processing) if processing.is_ready())
    }
}

impl Phase {
    /// Of what needs no processing.
    pub fn ready() -> Self {
        Self::HandedIn(Processing::new(0, super::processing::Ending::Ready))
    }
}
