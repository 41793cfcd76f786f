//! What the fakes keep between requests and look up: scripts, accounts, uploaded files, and posts that no list shows yet.
//! The fakes call it while they execute a request.

use std::{sync::atomic::Ordering, time::SystemTime};

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::{
    Account, Channels, Ending, FIRST_NUMBER, Hidden, LookUp, Object, Phase, Post, Processing, Quota, Script, Step,
    new_token,
};
use crate::run::locked;

impl Channels {
    pub(super) fn next_script(&self, account: &str, step: Step) -> Script {
        let mut scripts = locked(&self.scripts);
        let queue = scripts.get_mut(&(account.to_owned(), step));
        let next = queue.and_then(|queue| if queue.len() > 1 { queue.pop_front() } else { queue.front().cloned() });
        next.unwrap_or(Script::Ok)
    }

    pub(super) fn next_number(&self) -> u64 {
        FIRST_NUMBER + 2 * self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn account_state<T>(&self, account: &str, read: impl FnOnce(&Account) -> T) -> Option<T> {
        locked(&self.accounts).get(account).map(read)
    }

    pub(super) fn change_account(&self, account: &str, change: impl FnOnce(&mut Account)) {
        locked(&self.accounts).get_mut(account).map(change);
    }

    /// The account that a token of any kind was ever given out for; empty for none.
    pub(super) fn account_of_token(&self, text: &str) -> String {
        let accounts = locked(&self.accounts);
        let found = accounts.iter().find(|(_, account)| account.gave_out(text));
        found.map(|(id, _)| id.clone()).unwrap_or_default()
    }

    /// Gives out another access token.
    pub(super) fn grant_access(&self, account: &str) -> String {
        let mut accounts = locked(&self.accounts);
        let Some(state) = accounts.get_mut(account) else { return String::new() };
        let token = new_token(state.site, "access");
        state.grant(&token);
        token
    }

    /// Uses up a refresh token and gives out the next one; `None` if it is not valid.
    pub(super) fn rotate(&self, account: &str, used: &str) -> Option<String> {
        let mut accounts = locked(&self.accounts);
        let state = accounts.get_mut(account)?;
        let next = new_token(state.site, "refresh");
        state.rotate(used, &next).then_some(next)
    }

    /// Whether a refresh token is valid; it stays so.
    pub(super) fn accepts_refresh(&self, account: &str, token: &str) -> bool {
        locked(&self.accounts).get_mut(account).is_some_and(|state| state.accepts_refresh(token))
    }

    /// What becomes of a video right after its upload.
    pub(super) fn processing(&self, account: &str) -> Processing {
        let of = |it: &Account| Processing::new(it.processing_reads, it.ending.clone());
        self.account_state(account, of).unwrap_or_else(|| Processing::new(0, Ending::Ready))
    }

    /// Posts that the account has made, also those in processing, and may make; `None` for any number. YouTube counts
    /// uploads that have begun.
    pub(super) fn quota(&self, account: &str) -> Option<Quota> {
        let (quota, begun) = self.account_state(account, |it| Some((it.quota?, it.counts_begun())))??;
        let made = begun.unwrap_or_else(|| self.ledger.count(account));
        Some(Quota { used: quota.used + made, ..quota })
    }

    /// Whether the account has made as many posts as it may.
    pub(super) fn is_exhausted(&self, account: &str) -> bool {
        self.quota(account).is_some_and(|quota| quota.used >= quota.total)
    }

    /// Counts an upload that is to begin; false if too many have begun within a minute.
    pub(super) fn may_begin(&self, account: &str) -> bool {
        locked(&self.accounts).get_mut(account).is_some_and(Account::may_begin)
    }

    pub(super) fn add_object(&self, id: String, object: Object) {
        locked(&self.objects).insert(id, object);
    }

    pub(super) fn object(&self, id: &str) -> Option<Object> {
        locked(&self.objects).get(id).cloned()
    }

    /// Changes an uploaded file; false if there is none.
    pub(super) fn change_object(&self, id: &str, change: impl FnOnce(&mut Object)) -> bool {
        locked(&self.objects).get_mut(id).map(change).is_some()
    }

    /// The end of an uploaded file's processing as a read shows it, if it has come.
    pub(super) fn read_object(&self, id: &str) -> Option<Ending> {
        match locked(&self.objects).get_mut(id).map(|object| &mut object.phase) {
            Some(Phase::HandedIn(processing)) => processing.read(),
            _ => None,
        }
    }

    /// The account of an uploaded file, or the account itself; empty for none.
    pub(super) fn owner_of(&self, id: &str) -> String {
        if locked(&self.accounts).contains_key(id) {
            return id.to_owned();
        }
        if let Some(container) = locked(&self.containers).get(id) {
            return container.account.clone();
        }
        self.object(id).map(|object| object.account).unwrap_or_default()
    }

    /// The author of a post; empty for none.
    pub(super) fn author_of(&self, post: &str) -> String {
        self.ledger.author(post).unwrap_or_default()
    }

    pub(super) fn publish(&self, post: Post) {
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
    pub(super) fn listed_posts(&self, account: &str) -> Vec<Post> {
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

    /// Shows a post whose processing has ended well.
    pub(super) fn show(&self, id: &str) {
        if let Some(post) = self.ledger.take_processing(id) {
            self.publish(Post { at: now(), ..post });
        }
    }

    /// A connection was opened; it counts as one to a network until a request says otherwise.
    pub(in crate::world) fn connected(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    /// The first request of a connection went elsewhere.
    pub(in crate::world) fn connected_elsewhere(&self) {
        self.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The networks have clocks of their own.
pub(super) fn now() -> DateTime<Utc> {
    SystemTime::now().into()
}
