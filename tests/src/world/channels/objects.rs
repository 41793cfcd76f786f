//! Photos, images and videos that were uploaded, or are to be, before a post names them.
//! The fakes make and read them; a test sees them as the media of a post in the ledger.

/// An uploaded file, by the network's id of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Object {
    /// Its owner.
    pub account: String,
    /// Where it comes from: an address, or nothing for uploaded bytes.
    pub source: String,
    pub phase: Phase,
    /// Whether it is a post, or part of one, itself.
    pub is_published: bool,
    /// Of a video that is uploaded in parts: what each part was answered with.
    pub parts: Vec<Option<String>>,
    /// Bytes that were uploaded.
    pub size: usize,
}

/// How far an upload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    WaitingForUpload,
    Uploaded,
    /// For this number of reads.
    Processing(usize),
    Ready,
}

impl Object {
    pub fn new(account: &str, source: &str, phase: Phase) -> Self {
        let (account, source) = (account.to_owned(), source.to_owned());
        Self { account, source, phase, is_published: false, parts: Vec::new(), size: 0 }
    }

    /// What a read shows; a video is ready after some reads.
    pub fn read(&mut self) -> Phase {
        let shown = self.phase;
        if let Phase::Processing(reads) = shown {
            self.phase = if reads > 1 { Phase::Processing(reads - 1) } else { Phase::Ready };
        }
        shown
    }
}
