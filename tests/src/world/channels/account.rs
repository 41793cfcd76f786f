//! The accounts of the fake networks: their tokens, and how their lists of posts and repeated texts behave.
//! `Channels::account` makes one; the fakes look tokens up here.
//! It must never accept a token that it did not give out.

use std::time::Duration;

use serde_json::{Value, json};

use super::ledger::Site;

/// An account as its owner knows it, for `User::connect`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The network.
    pub site: Site,
    /// The page's id or the author's URN.
    pub account: String,
    /// A valid access token.
    pub access_token: String,
    /// A valid refresh token. Facebook has none: a page's token does not expire by time.
    pub refresh_token: Option<String>,
}

impl Grant {
    /// The channel's name in Almanac.
    pub fn channel(&self) -> &'static str {
        match self.site {
            Site::Linkedin => "linkedin",
            Site::Facebook | Site::Media => "facebook",
        }
    }

    /// The body that connects the account.
    pub fn body(&self) -> Value {
        let mut body = json!({ "accessToken": self.access_token, "externalId": self.account });
        if let Some(token) = &self.refresh_token {
            body["refreshToken"] = token.as_str().into();
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

/// The state of an account.
#[derive(Debug)]
pub(super) struct Account {
    pub site: Site,
    pub access_tokens: Vec<Token>,
    pub refresh_tokens: Vec<Token>,
    pub look_up: LookUp,
    pub repeats: Repeats,
    /// How often a video says that it is being processed.
    pub processing_reads: usize,
    pub refreshes: Refreshes,
}

#[derive(Debug)]
pub(super) struct Token {
    pub text: String,
    pub is_valid: bool,
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
            access_tokens: vec![Token::new(access)],
            refresh_tokens: refresh.into_iter().map(Token::new).collect(),
            look_up: LookUp::On,
            repeats,
            processing_reads: 1,
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

    /// Gives out an access token; earlier ones stay as they are.
    pub fn grant(&mut self, access: &str) {
        self.access_tokens.push(Token::new(access));
        self.refreshes.granted += 1;
    }

    /// Uses up a refresh token and gives out another; false if it is not the valid one.
    pub fn rotate(&mut self, used: &str, next: &str) -> bool {
        match self.refresh_tokens.iter_mut().find(|token| token.is_valid && token.text == used) {
            Some(token) => token.is_valid = false,
            None => {
                self.refreshes.stale += 1;
                return false;
            }
        }
        self.refresh_tokens.push(Token::new(next));
        true
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
}

impl Token {
    fn new(text: &str) -> Self {
        Self { text: text.to_owned(), is_valid: true }
    }
}
