//! The accounts of the fake networks: their tokens, what they may do, and how their lists of posts, repeated texts and
//! uploads behave. `Channels::account` makes one; the fakes look tokens up here.
//! It must never accept a token that it did not give out.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{processing::Ending, site::Site};

/// How long a token of Instagram must have been in use before it is exchanged.
const MIN_AGE: Duration = Duration::from_secs(24 * 3_600);

/// An account as its owner knows it, for `User::connect`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The network.
    pub site: Site,
    /// The network's id of the account.
    pub account: String,
    /// A valid access token.
    pub access_token: String,
    /// A valid refresh token. Facebook has none, as a page's token does not expire by time; Instagram's access token is
    /// exchanged for another one by itself.
    pub refresh_token: Option<String>,
    /// How the account was connected, for Instagram.
    pub login: Option<&'static str>,
}

impl Grant {
    /// The channel's name in Almanac.
    pub fn channel(&self) -> &'static str {
        self.site.name()
    }

    /// The body that connects the account. Settings without which nothing is published are among it.
    pub fn body(&self) -> Value {
        let mut body = json!({ "accessToken": self.access_token, "externalId": self.account });
        if let Some(token) = &self.refresh_token {
            body["refreshToken"] = token.as_str().into();
        }
        if let Some(login) = self.login {
            body["login"] = login.into();
        }
        match self.site {
            Site::Tiktok => body["settings"] = json!({ "privacyLevel": "PUBLIC_TO_EVERYONE" }),
            Site::Youtube => body["settings"] = json!({ "madeForKids": false }),
            _ => {}
        }
        body
    }
}

/// What an account's list of posts shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LookUp {
    /// Every post at once.
    #[default]
    On,
    /// Nothing: the app may not read posts.
    Off,
    /// A post only after this number of lists without it.
    AfterLists(usize),
    /// A post only after this time.
    After(Duration),
}

/// What an account does with a text that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeats {
    /// Publishes it again.
    Published,
    /// Refuses it: Facebook after the same text, LinkedIn within the window of its duplicate check.
    Refused,
}

/// How many posts an account may make in a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// How many it had made before the test.
    pub used: usize,
    /// How many it may make.
    pub total: usize,
}

/// What TikTok lets an account do, as `creator_info` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Creator {
    /// Who may see a post.
    pub privacy_levels: Vec<&'static str>,
    /// Whether its owner has switched comments off.
    pub comment_disabled: bool,
    /// The same for duets.
    pub duet_disabled: bool,
    /// The same for stitches.
    pub stitch_disabled: bool,
    /// The longest video.
    pub max_seconds: u32,
}

impl Default for Creator {
    fn default() -> Self {
        Self {
            privacy_levels: vec!["PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY"],
            comment_disabled: false,
            duet_disabled: false,
            stitch_disabled: false,
            max_seconds: 600,
        }
    }
}

/// The state of an account.
#[derive(Debug)]
pub(super) struct Account {
    pub site: Site,
    pub access_tokens: Vec<Token>,
    pub refresh_tokens: Vec<Token>,
    pub look_up: LookUp,
    pub repeats: Repeats,
    /// How often an upload says that it is being processed.
    pub processing_reads: usize,
    pub ending: Ending,
    pub quota: Option<Quota>,
    pub creator: Creator,
    /// Bytes of a part of a LinkedIn video.
    pub part_bytes: u64,
    /// Whether LinkedIn's ETags of parts stand in quotes.
    pub has_quoted_etags: bool,
    /// How often a finished TikTok post is read before it says its public id.
    pub id_reads: usize,
    /// How many uploads may begin in a minute.
    pub inits_per_minute: Option<usize>,
    /// Uploads that have begun.
    inits: Vec<Instant>,
    pub refreshes: Refreshes,
}

#[derive(Debug)]
pub(super) struct Token {
    pub text: String,
    pub is_valid: bool,
    /// How long it had been in use when it was given out here.
    age: Duration,
    given: Instant,
}

/// Requests to the token endpoint for an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refreshes {
    /// New tokens that were given out.
    pub granted: usize,
    /// Requests with a refresh token that had been used before.
    pub stale: usize,
}

impl Account {
    pub fn new(site: Site, access: &str, refresh: Option<&str>) -> Self {
        // LinkedIn refuses repeated texts always, Facebook only some.
        let repeats = if site == Site::Linkedin { Repeats::Refused } else { Repeats::Published };
        Self {
            site,
            access_tokens: vec![Token::new(access, MIN_AGE)],
            refresh_tokens: refresh.into_iter().map(|text| Token::new(text, MIN_AGE)).collect(),
            look_up: LookUp::On,
            repeats,
            processing_reads: 1,
            ending: Ending::Ready,
            quota: None,
            creator: Creator::default(),
            part_bytes: 4_194_304,
            has_quoted_etags: true,
            id_reads: 0,
            inits_per_minute: None,
            inits: Vec::new(),
            refreshes: Refreshes::default(),
        }
    }

    /// Whether a token of either kind was ever given out for it.
    pub fn gave_out(&self, text: &str) -> bool {
        self.access_tokens.iter().chain(&self.refresh_tokens).any(|token| token.text == text)
    }

    pub fn accepts(&self, text: &str) -> bool {
        self.access_tokens.iter().any(|token| token.is_valid && token.text == text)
    }

    /// Whether an access token has been in use for long enough to be exchanged.
    pub fn is_old_enough(&self, text: &str) -> bool {
        let token = self.access_tokens.iter().find(|token| token.text == text);
        token.is_some_and(|token| token.age + token.given.elapsed() >= MIN_AGE)
    }

    /// Gives out an access token; earlier ones stay as they are.
    pub fn grant(&mut self, access: &str) {
        self.access_tokens.push(Token::new(access, Duration::ZERO));
        self.refreshes.granted += 1;
    }

    /// Uses up a refresh token and gives out another; false if it is not the valid one.
    pub fn rotate(&mut self, used: &str, next: &str) -> bool {
        if !self.accepts_refresh(used) {
            return false;
        }
        self.refresh_tokens.iter_mut().filter(|token| token.text == used).for_each(|token| token.is_valid = false);
        self.refresh_tokens.push(Token::new(next, Duration::ZERO));
        true
    }

    /// Whether a refresh token is valid; one that is not is counted.
    pub fn accepts_refresh(&mut self, text: &str) -> bool {
        let is_valid = self.refresh_tokens.iter().any(|token| token.is_valid && token.text == text);
        self.refreshes.stale += usize::from(!is_valid);
        is_valid
    }

    /// No access token of now is valid any more.
    pub fn expire(&mut self) {
        self.access_tokens.iter_mut().for_each(|token| token.is_valid = false);
    }

    /// Neither is a refresh token.
    pub fn revoke(&mut self) {
        self.expire();
        self.refresh_tokens.iter_mut().for_each(|token| token.is_valid = false);
    }

    /// Sets how long the access tokens of now have been in use.
    pub fn age(&mut self, age: Duration) {
        self.access_tokens.iter_mut().for_each(|token| (token.age, token.given) = (age, Instant::now()));
    }

    /// Counts an upload that is to begin; false if too many have begun within a minute.
    pub fn may_begin(&mut self) -> bool {
        let recent = self.inits.iter().filter(|at| at.elapsed() < Duration::from_secs(60)).count();
        let may_begin = self.inits_per_minute.is_none_or(|most| recent < most);
        self.inits.extend(may_begin.then(Instant::now));
        may_begin
    }

    /// Number of uploads that have begun, where they are what is counted.
    pub fn counts_begun(&self) -> Option<usize> {
        (self.site == Site::Youtube).then_some(self.inits.len())
    }
}

impl Token {
    fn new(text: &str, age: Duration) -> Self {
        Self { text: text.to_owned(), is_valid: true, age, given: Instant::now() }
    }
}
