//! Addresses that channels tell only some time after a post is published: TikTok shows a post to everybody when it has
//! been reviewed. Asked for with the tokens as they are; they are exchanged when the account publishes again.

use std::time::Duration;

use almanac_shared::{
    platform::flags::Flag,
    publishing::{
        credentials::AccountRef,
        store::addresses::{self, PostWithoutAddress},
    },
};
use tokio_util::sync::CancellationToken;

use crate::{deps::Deps, outbound::channels::Delivery};

const ASK_EVERY: Duration = Duration::from_secs(10);
/// Posts of one round.
const MOST: i32 = 20;

/// Asks for addresses that are due, every ten seconds.
pub async fn find_addresses(deps: Deps, draining: CancellationToken) {
    while !draining.is_cancelled() {
        match addresses::take_due(&deps.service, MOST).await {
            Ok(due) => {
                for post in due {
                    find_address(&deps, &post).await;
                }
            }
            Err(error) => tracing::warn!(%error, "posts without an address could not be read"),
        }
        tokio::select! {
            () = tokio::time::sleep(ASK_EVERY) => {}
            () = draining.cancelled() => return,
        }
    }
}

/// Asks once; what fails is asked again when the post is due again.
async fn find_address(deps: &Deps, post: &PostWithoutAddress) {
    if !deps.flags.is_on(Flag::PublishService, Some(post.user)) {
        return;
    }
    match ask(deps, post).await {
        Ok(Some(address)) => match addresses::keep(&deps.service, post, &address).await {
            Ok(()) => tracing::info!(
                channel = post.channel.as_str(), userId = %post.user, intentId = %post.intent,
                "the channel told the address of a post"
            ),
            Err(error) => tracing::warn!(intentId = %post.intent, %error, "the address of a post could not be kept"),
        },
        Ok(None) => {}
        Err(error) => tracing::warn!(
            channel = post.channel.as_str(), userId = %post.user, intentId = %post.intent,
            error = format!("{error:#}"), "asking for the address of a post failed"
        ),
    }
}

/// `None` also for an account that is no longer the one that published, or whose tokens are of no use.
async fn ask(deps: &Deps, post: &PostWithoutAddress) -> anyhow::Result<Option<String>> {
    let is_usable = |expires_in: Option<Duration>| expires_in.is_none_or(|left| !left.is_zero());
    let Some(sealed) = post.account.as_ref().filter(|sealed| {
        sealed.account.external_id == post.external_account && !sealed.is_invalid && is_usable(sealed.expires_in)
    }) else {
        return Ok(None);
    };
    let login = sealed.account.login;
    let Some(adapter) = deps.channels.adapter(post.transport, post.channel, login) else { return Ok(None) };
    let Some(keyring) = deps.channels.keyring() else { return Ok(None) };
    let account = AccountRef { user: post.user, channel: post.channel, account_id: &post.account_id };
    let tokens = keyring.open(&sealed.key_id, &sealed.sealed, &account)?;
    let delivery = Delivery {
        entry: &post.entry,
        account: &sealed.account,
        options: &post.options,
        tokens: &tokens,
        base_url: &deps.channels.base_url(post.transport, post.channel, login),
    };
    Ok(adapter.address(&delivery, &post.known).await?)
}
