//! Channels and the accounts that users have connected on them, over HTTP. A channel that does not exist, and an account
//! id that cannot be one, are 404. Tokens are taken and never returned.

mod dto;

use almanac_shared::{brands::AccountId, publishing::Channel};
use poem_openapi::{OpenApi, param::Path};

use self::dto::{ChannelList, ChannelResponse, ConnectAccount, ConnectedAccountResponse};
use crate::{
    auth::Caller,
    http::{document_types::PublishChannel, error::ApiError, file::Deleted, reply::Reply, strict_json::StrictJson},
    routes::Tag,
    state::App,
};

/// The routes of channels.
pub struct ChannelsApi {
    pub(crate) app: App,
}

#[OpenApi(tag = "Tag::Publishing")]
impl ChannelsApi {
    /// List the channels with the connected accounts
    #[oai(path = "/channels", method = "get", operation_id = "listChannels")]
    async fn list(&self, caller: Caller) -> Result<Reply<ChannelList>, ApiError> {
        let accounts = self.app.channel_accounts.list(caller.user).await?;
        let settings = &self.app.channel_settings;
        let items = Channel::ALL.iter().map(|channel| ChannelResponse::new(*channel, settings, &accounts)).collect();
        Ok(Reply::new(ChannelList { items }))
    }

    /// Connect an account, or replace its tokens and settings
    ///
    /// All fields are replaced; an absent one is removed. Tokens are encrypted, and no answer shows them. An `externalId`
    /// that cannot be one of the channel is 422 `RULE_REFUSED`. Without a `CREDENTIALS_KEY` on the server it is 422
    /// `CHANNEL_NOT_CONFIGURED`.
    #[oai(path = "/channels/:channel/accounts/:account", method = "put", operation_id = "connectAccount")]
    async fn connect(
        &self,
        caller: Caller,
        channel: Path<PublishChannel>,
        account: Path<String>,
        body: StrictJson<ConnectAccount>,
    ) -> Result<Reply<ConnectedAccountResponse>, ApiError> {
        let (channel, id) = place(&channel.0, &account.0)?;
        let draft = body.0.draft(channel, &id)?;
        let account = self.app.channel_accounts.put(caller.user, &draft).await?;
        Ok(Reply::new(account.into()))
    }

    /// Show a connected account
    #[oai(path = "/channels/:channel/accounts/:account", method = "get", operation_id = "showConnectedAccount")]
    async fn show(
        &self,
        caller: Caller,
        channel: Path<PublishChannel>,
        account: Path<String>,
    ) -> Result<Reply<ConnectedAccountResponse>, ApiError> {
        let (channel, id) = place(&channel.0, &account.0)?;
        let account = self.app.channel_accounts.get(caller.user, channel, id.as_str()).await?;
        Ok(Reply::new(account.into()))
    }

    /// Disconnect an account and delete its tokens
    #[oai(path = "/channels/:channel/accounts/:account", method = "delete", operation_id = "disconnectAccount")]
    async fn disconnect(
        &self,
        caller: Caller,
        channel: Path<PublishChannel>,
        account: Path<String>,
    ) -> Result<Deleted, ApiError> {
        let (channel, id) = place(&channel.0, &account.0)?;
        self.app.channel_accounts.delete(caller.user, channel, id.as_str()).await?;
        Ok(Deleted::Gone)
    }
}

/// The channel and the account of a path.
fn place(channel: &str, account: &str) -> Result<(Channel, AccountId), ApiError> {
    let channel = Channel::parse(channel).ok_or_else(ApiError::not_found)?;
    let account = account.parse().map_err(|_| ApiError::not_found())?;
    Ok((channel, account))
}
