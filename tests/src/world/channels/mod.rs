//! Fakes of the networks that posts are published to, Facebook Pages and LinkedIn, and a host of media files. The world
//! serves them under `/facebook`, `/linkedin` and `/media`; tests script and read them through `World::channels`.
//! They must never read Almanac's database: their ledger is the independent witness of what was published.
//!
//! A test makes an account (`Channels::account`), connects it with what it is granted (`User::connect_account`), queues
//! scripts by account and step (`Channels::play`), and in the end counts posts (`Channels::ledger`).

mod account;
mod answer;
mod facebook;
mod ledger;
mod linkedin;
mod little_text;
mod media;
mod objects;
mod received;
mod script;
mod serving;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{
        Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::SystemTime,
};

use chrono::{DateTime, Utc};
use tokio::time::Instant;
use uuid::Uuid;

pub(super) use self::serving::{is_path, serve};
use self::{
    account::Account,
    answer::Answer,
    objects::{Object, Phase},
    received::Received,
};
pub use self::{
    account::{Grant, LookUp, Refreshes, Repeats},
    ledger::{Exchange, Ledger, Post, Site},
    script::{Refusal, Script, Step},
};
use super::Outcome;
use crate::run::locked;

/// The app that Almanac is at each network: id and secret. The token endpoints accept no other.
pub const FACEBOOK_APP: [&str; 2] = ["771100220033", "facebook-app-secret-canary-41d0"];
/// The same at LinkedIn.
pub const LINKEDIN_APP: [&str; 2] = ["77x1almanac", "linkedin-client-secret-canary-9b3e"];

/// Odd numbers from here on are no floating-point numbers.
const FIRST_NUMBER: u64 = (1 << 53) + 1;

/// Both networks and the host of media.
#[derive(Debug, Default)]
pub struct Channels {
    ledger: Ledger,
    accounts: Mutex<BTreeMap<String, Account>>,
    objects: Mutex<HashMap<String, Object>>,
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

/// What a request asks for.
struct Route {
    account: String,
    step: Step,
    action: fn(&Call<'_>) -> Answer,
}

/// A request that is executed.
struct Call<'a> {
    channels: &'a Channels,
    account: &'a str,
    received: &'a Received,
    /// Its number in the ledger.
    number: usize,
}

impl Channels {
    /// A new page or author with valid tokens.
    pub fn account(&self, site: Site) -> Grant {
        let number = self.next_number();
        let account = match site {
            Site::Linkedin => format!("urn:li:person:P{number}"),
            Site::Facebook | Site::Media => number.to_string(),
        };
        let access_token = new_token(site, "access");
        // A page's token does not expire by time and has no refresh token.
        let refresh_token = (site == Site::Linkedin).then(|| new_token(site, "refresh"));
        let state = Account::new(site, &access_token, refresh_token.as_deref());
        locked(&self.accounts).insert(account.clone(), state);
        Grant { site, account, access_token, refresh_token }
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

    /// Makes the account's access tokens expire; its refresh token stays valid.
    pub fn expire(&self, account: &str) {
        self.change_account(account, Account::expire);
    }

    /// Makes all tokens of the account invalid, as when its owner takes the permission away.
    pub fn revoke(&self, account: &str) {
        self.change_account(account, Account::revoke);
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

/// What the fakes keep and look up.
impl Channels {
    fn next_script(&self, account: &str, step: Step) -> Script {
        let mut scripts = locked(&self.scripts);
        let queue = scripts.get_mut(&(account.to_owned(), step));
        let next = queue.and_then(|queue| if queue.len() > 1 { queue.pop_front() } else { queue.front().cloned() });
        next.unwrap_or(Script::Ok)
    }

    fn next_number(&self) -> u64 {
        FIRST_NUMBER + 2 * self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    fn account_state<T>(&self, account: &str, read: impl FnOnce(&Account) -> T) -> Option<T> {
        locked(&self.accounts).get(account).map(read)
    }

    fn change_account(&self, account: &str, change: impl FnOnce(&mut Account)) {
        locked(&self.accounts).get_mut(account).map(change);
    }

    /// The account that a token of any kind was ever given out for; empty for none.
    fn account_of_token(&self, text: &str) -> String {
        let accounts = locked(&self.accounts);
        let found = accounts.iter().find(|(_, account)| account.gave_out(text));
        found.map(|(id, _)| id.clone()).unwrap_or_default()
    }

    /// Whether a request carries the id and the secret of the network's app.
    fn is_client(&self, site: Site, received: &Received) -> bool {
        let app = if site == Site::Linkedin { LINKEDIN_APP } else { FACEBOOK_APP };
        [received.text("client_id"), received.text("client_secret")] == app.map(|part| Some(part.to_owned()))
    }

    /// Gives out another access token.
    fn grant_access(&self, account: &str) -> String {
        let mut accounts = locked(&self.accounts);
        let Some(state) = accounts.get_mut(account) else { return String::new() };
        let token = new_token(state.site, "access");
        state.grant(&token);
        token
    }

    /// Uses up a refresh token and gives out the next one; `None` if it is not valid.
    fn rotate(&self, account: &str, used: &str) -> Option<String> {
        let mut accounts = locked(&self.accounts);
        let state = accounts.get_mut(account)?;
        let next = new_token(state.site, "refresh");
        state.rotate(used, &next).then_some(next)
    }

    /// How far a video is right after its upload.
    fn processing(&self, account: &str) -> Phase {
        match self.account_state(account, |it| it.processing_reads) {
            None | Some(0) => Phase::Ready,
            Some(reads) => Phase::Processing(reads),
        }
    }

    fn add_object(&self, id: String, object: Object) {
        locked(&self.objects).insert(id, object);
    }

    fn object(&self, id: &str) -> Option<Object> {
        locked(&self.objects).get(id).cloned()
    }

    /// Changes an uploaded file; false if there is none.
    fn change_object(&self, id: &str, change: impl FnOnce(&mut Object)) -> bool {
        locked(&self.objects).get_mut(id).map(change).is_some()
    }

    fn read_object(&self, id: &str) -> Option<Phase> {
        locked(&self.objects).get_mut(id).map(Object::read)
    }

    /// The account of an uploaded file, or the account itself; empty for none.
    fn owner_of(&self, id: &str) -> String {
        if locked(&self.accounts).contains_key(id) {
            return id.to_owned();
        }
        self.object(id).map(|object| object.account).unwrap_or_default()
    }

    /// The author of a post; empty for none.
    fn author_of(&self, post: &str) -> String {
        let author = self.ledger.exchanges().into_iter().find(|exchange| exchange.post.as_deref() == Some(post));
        author.map(|exchange| exchange.account).unwrap_or_default()
    }

    fn publish(&self, post: Post) {
        let hidden = match self.account_state(&post.account, |it| it.look_up) {
            Some(LookUp::AfterLists(lists)) => Some(Hidden::ForLists(lists)),
            Some(LookUp::After(time)) => Some(Hidden::Until(Instant::now() + time)),
            Some(LookUp::On | LookUp::Off) | None => None,
        };
        if let Some(hidden) = hidden {
            locked(&self.hidden).insert(post.id.clone(), hidden);
        }
        self.ledger.add(post);
    }

    /// The posts of an account that a list shows now, oldest first.
    fn listed_posts(&self, account: &str) -> Vec<Post> {
        let mut hidden = locked(&self.hidden);
        let mut is_shown = |post: &Post| match hidden.get_mut(&post.id) {
            None | Some(Hidden::ForLists(0)) => true,
            Some(Hidden::ForLists(lists)) => {
                *lists -= 1;
                false
            }
            Some(Hidden::Until(time)) => Instant::now() >= *time,
        };
        let mut posts = self.ledger.posts(account);
        posts.retain(|post| is_shown(post));
        posts
    }

    /// A connection was opened; it counts as one to a network until a request says otherwise.
    pub(super) fn connected(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    /// The first request of a connection went elsewhere.
    pub(super) fn connected_elsewhere(&self) {
        self.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Route {
    fn new(account: impl Into<String>, step: Step, action: fn(&Call<'_>) -> Answer) -> Self {
        Self { account: account.into(), step, action }
    }
}

impl Call<'_> {
    /// A post that this request makes, without its content.
    fn post(&self, site: Site) -> Post {
        Post {
            site,
            account: self.account.to_owned(),
            id: String::new(),
            text: String::new(),
            source: String::new(),
            media: Vec::new(),
            token_end: received::shortened(&self.received.token()),
            at: now(),
            exchange: self.number,
        }
    }
}

fn new_token(site: Site, kind: &str) -> String {
    let site = if site == Site::Linkedin { "linkedin" } else { "facebook" };
    format!("{site}-{kind}-canary-{}", Uuid::new_v4().simple())
}

/// The networks have clocks of their own.
fn now() -> DateTime<Utc> {
    SystemTime::now().into()
}
