//! What a request asks for, and the request while it is executed. The fakes make routes, `serving` executes them.

use super::{
    Channels, Post, Site, Step,
    answer::Answer,
    digest::Digest,
    intake::Intake,
    received::{Received, shortened},
    state::now,
};

/// What a request asks for.
pub(super) struct Route {
    pub account: String,
    pub step: Step,
    pub action: fn(&Call<'_>) -> Answer,
    /// Of an upload: what has arrived of its file before it.
    pub intake: Intake,
    /// Of an upload: keeps what has arrived of a body that broke off.
    pub on_break: fn(&Call<'_>),
}

/// A request that is executed.
pub(super) struct Call<'a> {
    pub channels: &'a Channels,
    pub account: &'a str,
    pub received: &'a Received,
    /// Of an upload: what arrived.
    pub intake: &'a Intake,
    /// Its number in the ledger.
    pub number: usize,
}

impl Route {
    pub fn new(account: impl Into<String>, step: Step, action: fn(&Call<'_>) -> Answer) -> Self {
        Self { account: account.into(), step, action, intake: Intake::default(), on_break: |_| {} }
    }

    /// Continues a file of which this much has arrived.
    pub fn continuing(mut self, first: u64, digest: Digest) -> Self {
        self.intake = Intake::new(first, digest);
        self
    }

    /// Keeps a part that breaks off.
    pub fn keeping(mut self, on_break: fn(&Call<'_>)) -> Self {
        self.on_break = on_break;
        self
    }
}

impl Call<'_> {
    /// A post that this request makes, without its content.
    pub fn post(&self, site: Site) -> Post {
        Post {
            site,
            account: self.account.to_owned(),
            id: String::new(),
            kind: "",
            public_id: None,
            title: String::new(),
            text: String::new(),
            source: String::new(),
            media: Vec::new(),
            content: None,
            token_end: shortened(&self.received.token()),
            at: now(),
            exchange: self.number,
        }
    }

    /// Whether the request carries the id and the secret of an app.
    pub fn is_of_app(&self, app: [&str; 2]) -> bool {
        let id = self.received.text("client_id").or_else(|| self.received.text("client_key"));
        [id, self.received.text("client_secret")] == app.map(|part| Some(part.to_owned()))
    }
}
