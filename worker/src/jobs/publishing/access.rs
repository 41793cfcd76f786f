//! The tokens of an account: opened, exchanged before they expire or when the channel refuses them, by one worker at a
//! time.

use std::{sync::Arc, time::Duration};

use almanac_shared::{
    jobs::{Failure, store::WriteError},
    platform::error::Code,
    publishing::{
        self, Login,
        credentials::{AccountRef, Tokens},
        render::Known,
        store::{
            refresh::{self, NewTokens},
            sealed::SealedAccount,
            work::OpenedIntent,
        },
    },
};

use tokio::time::Instant;

use super::{Attempt, Next, end::End};
use crate::{
    jobs::JobError,
    outbound::channels::{Channel, ChannelError, Delivery, ErrorClass},
};

/// For how long one worker may take to exchange tokens.
const REFRESH_TIME: Duration = Duration::from_secs(30);
/// For how long new tokens are kept in memory while Postgres does not take them, and the pause between two tries.
const STORE_TIME: Duration = Duration::from_secs(600);
const AGAIN: Duration = Duration::from_millis(300);

/// An account that requests can be sent for.
pub(super) struct Account {
    account: publishing::Account,
    tokens: Tokens,
    base_url: String,
}

impl Account {
    /// What an adapter needs of an intent.
    pub(super) fn delivery<'a>(&'a self, opened: &'a OpenedIntent) -> Delivery<'a> {
        Delivery {
            entry: &opened.entry,
            account: &self.account,
            options: &opened.options,
            tokens: &self.tokens,
            base_url: &self.base_url,
        }
    }
}

/// An exchange of tokens.
struct Exchange<'a> {
    adapter: &'a dyn Channel,
    /// The channel refused them: they are of no use until new ones are there.
    were_refused: bool,
}

/// Whether requests can be sent for an account.
pub(super) enum Access {
    /// They can.
    Usable(Account),
    /// Not now; after this pause, if one is known.
    Wait(Option<Duration>),
    /// Not with these tokens.
    Refused(Failure),
}

impl Attempt<'_> {
    /// Opens the tokens of an intent's account; those that are about to expire are exchanged.
    pub(super) async fn access(&mut self, opened: &OpenedIntent, adapter: &dyn Channel) -> Result<Access, JobError> {
        let Some(sealed) = &opened.account else {
            return Ok(refused(Code::ChannelAuthMissing, "The account is no longer connected."));
        };
        let Some(tokens) = self.open(opened, sealed) else {
            let message = "The stored credentials cannot be read; connect the account again.";
            return Ok(refused(Code::ChannelAuthMissing, message));
        };
        if sealed.is_invalid {
            return Ok(refused(
                Code::ChannelAuthInvalid,
                "The channel refused the credentials; connect the account again.",
            ));
        }
        match sealed.expires_in {
            Some(left) if adapter.renewal().is_due(left, sealed.has_refresh) => {
                self.exchange(opened, sealed, tokens, Exchange { adapter, were_refused: false }).await
            }
            Some(Duration::ZERO) => {
                Ok(refused(Code::ChannelAuthInvalid, "The credentials have expired; connect the account again."))
            }
            _ => Ok(self.usable(opened, sealed, tokens)),
        }
    }

    /// The channel refused the tokens: they are exchanged once, then the account has to be connected again.
    pub(super) async fn refused_tokens(
        &mut self,
        opened: &OpenedIntent,
        known: &Known,
        error: ChannelError,
    ) -> Result<Next, JobError> {
        let adapter = self.adapter(opened);
        if let (Some(sealed), Some(adapter), false) = (&opened.account, adapter, self.has_refreshed)
            && sealed.has_refresh
            && let Some(tokens) = self.open(opened, sealed)
        {
            return match self
                .exchange(opened, sealed, tokens, Exchange { adapter: &*adapter, were_refused: true })
                .await?
            {
                Access::Usable(_) => Ok(Next::Again),
                Access::Wait(pause) if opened.effect.as_ref().is_some_and(|effect| effect.is_open) => {
                    self.look_up_later(opened, known, pause).await
                }
                Access::Wait(pause) => self.wait(opened, known, pause, Some(error)).await,
                Access::Refused(failure) => self.refused_account(opened, failure).await,
            };
        }
        if let Some(sealed) = &opened.account {
            refresh::mark_invalid(&self.deps.service, &self.account_ref(opened), sealed.version).await?;
        }
        self.refused_account(opened, error.into()).await
    }

    /// The channel no longer takes the account. What may have been posted can then be looked up by a person only.
    async fn refused_account(&self, opened: &OpenedIntent, failure: Failure) -> Result<Next, JobError> {
        if opened.effect.as_ref().is_some_and(|effect| effect.is_open) {
            let why = "The channel refuses the credentials of the account, so the post cannot be looked up.";
            return self.end(opened, End::needs_review(why.to_owned())).await;
        }
        self.end(opened, End::failed(failure)).await
    }

    /// Exchanges the tokens, unless another worker does.
    async fn exchange(
        &mut self,
        opened: &OpenedIntent,
        sealed: &SealedAccount,
        tokens: Tokens,
        Exchange { adapter, were_refused }: Exchange<'_>,
    ) -> Result<Access, JobError> {
        let (service, account) = (&self.deps.service, self.account_ref(opened));
        if !refresh::claim_refresh(service, &account, sealed.version, REFRESH_TIME).await? {
            // Another worker exchanges them, or the channel does not answer.
            let is_valid = !were_refused && sealed.expires_in.is_none_or(|left| left > Duration::ZERO);
            return Ok(if is_valid { self.usable(opened, sealed, tokens) } else { Access::Wait(None) });
        }
        self.has_refreshed = true;
        match adapter.refresh(&tokens).await {
            Ok(Some(new)) => {
                let Some(keyring) = self.deps.channels.keyring() else {
                    return Ok(refused(Code::ChannelAuthMissing, "Credentials cannot be stored on this installation."));
                };
                let kept = NewTokens {
                    sealed: keyring.seal(&new.tokens, &account)?,
                    has_refresh: new.tokens.refresh.is_some(),
                    expires_in: new.expires_in,
                    refresh_expires_in: new.refresh_expires_in,
                };
                self.store(&account, sealed.version, &kept).await?;
                Ok(self.usable(opened, sealed, new.tokens))
            }
            Ok(None) if sealed.expires_in != Some(Duration::ZERO) => {
                refresh::release_refresh(service, &account, sealed.version).await?;
                Ok(self.usable(opened, sealed, tokens))
            }
            Ok(None) => {
                Ok(refused(Code::ChannelAuthInvalid, "The credentials have expired; connect the account again."))
            }
            Err(error) if were_refused && error.may_pass() => {
                tracing::warn!(code = %error.code, class = ?error.class, "exchanging the tokens of an account failed");
                Ok(Access::Wait(error.retry_after.or(Some(REFRESH_TIME))))
            }
            Err(error) => self.exchange_failed(opened, sealed, tokens, error).await,
        }
    }

    /// Stores new tokens, also after an outage of Postgres: a channel may have forgotten the old ones when it answered, and
    /// an account without either has to be connected again.
    async fn store(&self, account: &AccountRef<'_>, version: i64, tokens: &NewTokens) -> Result<(), WriteError> {
        let began = Instant::now();
        loop {
            match refresh::store_tokens(&self.deps.service, account, version, tokens).await {
                Err(WriteError::Outage(error)) if began.elapsed() < STORE_TIME => {
                    tracing::warn!(%error, "the new tokens of an account could not be stored yet");
                    tokio::time::sleep(AGAIN).await;
                }
                stored => return stored.map(drop),
            }
        }
    }

    async fn exchange_failed(
        &self,
        opened: &OpenedIntent,
        sealed: &SealedAccount,
        tokens: Tokens,
        error: ChannelError,
    ) -> Result<Access, JobError> {
        tracing::warn!(code = %error.code, class = ?error.class, "exchanging the tokens of an account failed");
        match error.class {
            ErrorClass::Auth | ErrorClass::Permission | ErrorClass::Validation | ErrorClass::Policy => {
                refresh::mark_invalid(&self.deps.service, &self.account_ref(opened), sealed.version).await?;
                Ok(Access::Refused(Failure { code: Code::ChannelAuthInvalid, ..error.into() }))
            }
            // The reservation ends by itself: until then no worker asks again.
            _ if sealed.expires_in.is_some_and(|left| left > Duration::ZERO) => Ok(self.usable(opened, sealed, tokens)),
            _ => Ok(Access::Wait(error.retry_after.or(Some(REFRESH_TIME)))),
        }
    }

    /// The adapter for an intent's account.
    pub(super) fn adapter(&self, opened: &OpenedIntent) -> Option<Arc<dyn Channel>> {
        let of_login = |login| self.deps.channels.adapter(opened.transport, opened.channel, login);
        match &opened.account {
            Some(sealed) => of_login(sealed.account.login),
            // How it was connected is not known any more.
            None => of_login(None).or_else(|| of_login(Some(Login::Facebook))),
        }
    }

    fn open(&self, opened: &OpenedIntent, sealed: &SealedAccount) -> Option<Tokens> {
        let keyring = self.deps.channels.keyring()?;
        let tokens = keyring.open(&sealed.key_id, &sealed.sealed, &self.account_ref(opened));
        tokens.inspect_err(|error| tracing::error!(%error, "stored credentials cannot be opened")).ok()
    }

    fn usable(&self, opened: &OpenedIntent, sealed: &SealedAccount, tokens: Tokens) -> Access {
        let account = sealed.account.clone();
        let base_url = self.deps.channels.base_url(opened.transport, opened.channel, account.login);
        Access::Usable(Account { account, tokens, base_url })
    }

    pub(super) fn account_ref<'a>(&self, opened: &'a OpenedIntent) -> AccountRef<'a> {
        AccountRef { user: self.job.user_id, channel: opened.channel, account_id: &opened.account_id }
    }
}

fn refused(code: Code, message: &str) -> Access {
    Access::Refused(Failure::new(code, message))
}
