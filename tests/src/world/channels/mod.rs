//! Fakes of the networks that posts are published to, Facebook Pages, LinkedIn, Instagram, TikTok and YouTube, and a host
//! of media files. The world serves them under `/facebook`, `/linkedin` and so on, and `/media`; tests script and read
//! them through `World::channels`.
//! They must never read Almanac's database: their ledger is the independent witness of what was published.
//!
//! A test makes an account (`Channels::account`), connects it with what it is granted (`User::connect_account`), queues
//! scripts by account and step (`Channels::play`), and in the end counts posts (`Channels::ledger`).

mod account;
mod answer;
mod content_range;
mod digest;
mod errors;
mod facebook;
mod instagram;
mod intake;
mod ledger;
mod linkedin;
mod little_text;
mod media;
mod objects;
mod processing;
mod received;
mod route;
mod script;
mod serving;
mod site;
mod state;
#[cfg(test)]
mod tests;
mod tiktok;
mod youtube;

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{
        Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;
use uuid::Uuid;

pub(super) use self::serving::{is_path, serve};
use self::{
    account::Account,
    instagram::Container,
    objects::{Object, Phase},
    processing::Processing,
    received::Received,
    route::{Call, Route},
};
pub use self::{
    account::{Creator, Grant, LookUp, Quota, Refreshes, Repeats},
    ledger::{Content, Exchange, Ledger, Post},
    media::video,
    processing::Ending,
    script::{Refusal, Script, Step},
    site::{FACEBOOK_APP, GOOGLE_APP, INSTAGRAM_APP, LINKEDIN_APP, Site, TIKTOK_APP},
};
use super::Outcome;
use crate::run::locked;

/// Odd numbers from here on are no floating-point numbers.
const FIRST_NUMBER: u64 = (1 << 53) + 1;

/// All networks and the host of media.
#[derive(Debug, Default)]
pub struct Channels {
    ledger: Ledger,
    accounts: Mutex<BTreeMap<String, Account>>,
    objects: Mutex<HashMap<String, Object>>,
    /// Of Instagram.
    containers: Mutex<HashMap<String, Container>>,
    /// Of TikTok, by `publish_id`.
    publications: Mutex<HashMap<String, tiktok::Publication>>,
    /// Upload sessions of YouTube.
    sessions: Mutex<HashMap<String, youtube::Session>>,
    /// Videos on YouTube.
    videos: Mutex<HashMap<String, youtube::Video>>,
    /// How often each file of the host of media was asked for.
    media_reads: Mutex<HashMap<String, usize>>,
    scripts: Mutex<HashMap<(String, Step), VecDeque<Script>>>,
    /// Posts that a list does not show yet.
    hidden: Mutex<HashMap<String, Hidden>>,
    /// A network executes one request after the other.
    acting: Mutex<()>,
    numbers: AtomicU64,
    connections: AtomicUsize,
}

/// Until when a list does not show a post.
#[derive(Clone, Copy, Debug)]
enum Hidden {
    ForLists(usize),
    Until(Instant),
}

impl Channels {
    /// A new account of a network with valid tokens.
    pub fn account(&self, site: Site) -> Grant {
        let number = self.next_number();
        let account = match site {
            Site::Linkedin => format!("urn:li:person:P{number}"),
            Site::Tiktok => format!("-000{}", Uuid::new_v4()),
            Site::Youtube => format!("UC{:022}", number),
            // As long as Instagram's are.
            Site::Instagram => (17_800_000_000_000_000 + number % 100_000_000_000_000).to_string(),
            Site::Facebook | Site::Media => number.to_string(),
        };
        let access_token = new_token(site, "access");
        let has_refresh_token = matches!(site, Site::Linkedin | Site::Tiktok | Site::Youtube);
        let refresh_token = has_refresh_token.then(|| new_token(site, "refresh"));
        let state = Account::new(site, &access_token, refresh_token.as_deref());
        locked(&self.accounts).insert(account.clone(), state);
        let login = (site == Site::Instagram).then_some("instagram");
        Grant { site, account, access_token, refresh_token, login }
    }

    /// A new account of Instagram that is connected by Facebook's login.
    pub fn instagram_by_facebook(&self) -> Grant {
        Grant { login: Some("facebook"), ..self.account(Site::Instagram) }
    }

    /// Queues scripts for the requests of an account for a step; the last one stays for all later requests.
    pub fn play(&self, account: &str, step: Step, scripts: impl IntoIterator<Item = Script>) {
        locked(&self.scripts).entry((account.to_owned(), step)).or_default().extend(scripts);
    }

    /// Forgets the scripts of an account for a step: its requests are executed and answered.
    pub fn stop_playing(&self, account: &str, step: Step) {
        locked(&self.scripts).remove(&(account.to_owned(), step));
    }

    /// How the account's list of posts behaves, for posts that are made from now on.
    pub fn set_look_up(&self, account: &str, look_up: LookUp) {
        self.change_account(account, |it| it.look_up = look_up);
    }

    /// What the account does with a text that it has.
    pub fn set_repeats(&self, account: &str, repeats: Repeats) {
        self.change_account(account, |it| it.repeats = repeats);
    }

    /// How often a video that is uploaded from now on says that it is being processed (1).
    pub fn set_processing(&self, account: &str, reads: usize) {
        self.change_account(account, |it| it.processing_reads = reads);
    }

    /// How the processing of what is uploaded from now on ends. Instagram's containers of images have no processing, and
    /// end like this at once.
    pub fn set_ending(&self, account: &str, ending: Ending) {
        self.change_account(account, |it| it.ending = ending);
    }

    /// How many posts the account may make: on Instagram publications, on TikTok and YouTube uploads that begin, on Facebook
    /// reels. Without it Instagram takes 50, the others any number.
    pub fn set_quota(&self, account: &str, quota: Quota) {
        self.change_account(account, |it| it.quota = Some(quota));
    }

    /// What TikTok lets the account do.
    pub fn set_creator(&self, account: &str, creator: Creator) {
        self.change_account(account, |it| it.creator = creator);
    }

    /// How many uploads of the account TikTok lets begin in a minute.
    pub fn set_inits_per_minute(&self, account: &str, most: usize) {
        self.change_account(account, |it| it.inits_per_minute = Some(most));
    }

    /// How often a published TikTok post is read before it says its public id (0).
    pub fn set_id_reads(&self, account: &str, reads: usize) {
        self.change_account(account, |it| it.id_reads = reads);
    }

    /// Bytes of a part of a LinkedIn video (4 MiB), and whether the ETags of parts stand in quotes (yes).
    pub fn set_parts(&self, account: &str, bytes: u64, has_quoted_etags: bool) {
        self.change_account(account, |it| (it.part_bytes, it.has_quoted_etags) = (bytes, has_quoted_etags));
    }

    /// Ends the account's uploads that are not complete: their addresses and sessions are not valid any more.
    pub fn end_uploads(&self, account: &str) {
        youtube::end_sessions(self, account);
        tiktok::end_uploads(self, account);
    }

    /// Makes the account's access tokens expire; its refresh token stays valid.
    pub fn expire(&self, account: &str) {
        self.change_account(account, Account::expire);
    }

    /// Makes all tokens of the account invalid, as when its owner takes the permission away.
    pub fn revoke(&self, account: &str) {
        self.change_account(account, Account::revoke);
    }

    /// Sets how long the account's access tokens of now have been in use; Instagram exchanges none that is younger than 24
    /// hours. Those that an account begins with are old enough.
    pub fn set_token_age(&self, account: &str, age: Duration) {
        self.change_account(account, |it| it.age(age));
    }

    /// Whether an access token is valid now.
    pub fn is_valid_token(&self, text: &str) -> bool {
        locked(&self.accounts).values().any(|account| account.accepts(text))
    }

    /// Requests to the token endpoint for the account.
    pub fn refreshes(&self, account: &str) -> Refreshes {
        self.account_state(account, |it| it.refreshes).unwrap_or_default()
    }

    /// What was seen and done.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Connections whose first request came to a network or to the host of media, and those that sent none.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Waits for the n-th request (from 1) of an account for a step.
    pub async fn wait_for_request(&self, account: &str, step: Step, n: usize) -> Exchange {
        let of = |exchange: &&Exchange| exchange.account == account && exchange.step == Some(step);
        let found = |exchanges: &[Exchange]| exchanges.iter().filter(of).nth(n - 1).cloned();
        self.ledger.wait_for(&format!("request {n} of {account} for {step:?}"), found).await
    }

    /// Waits until a request of an account holds; `World::release` of the account lets it continue.
    pub async fn wait_until_holding(&self, account: &str) -> Exchange {
        let holds = |exchange: &&Exchange| exchange.account == account && exchange.outcome == Outcome::Holding;
        self.ledger.wait_for(&format!("{account} holds"), |all| all.iter().find(holds).cloned()).await
    }

    /// Waits until the n-th request (from 1) of an account for a step has ended, in any way.
    pub async fn wait_until_ended(&self, account: &str, step: Step, n: usize) -> Exchange {
        let of = |exchange: &&Exchange| exchange.account == account && exchange.step == Some(step);
        let ended = |exchange: &&Exchange| !matches!(exchange.outcome, Outcome::Open | Outcome::Holding);
        let found = |all: &[Exchange]| all.iter().filter(of).nth(n - 1).filter(ended).cloned();
        self.ledger.wait_for(&format!("the end of request {n} of {account} for {step:?}"), found).await
    }
}

fn new_token(site: Site, kind: &str) -> String {
    format!("{}-{kind}-canary-{}", site.name(), Uuid::new_v4().simple())
}
