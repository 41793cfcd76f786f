//! The answer to a request whose work is submitted and can no longer be refused: a read that fails, or does
//! not come back, is logged, and the client gets the 202 with `Location`. Called by routes that submit, with what the
//! service accepted. It must never answer "cannot be accepted" or "nothing is stored".

use std::time::Duration;

use almanac_shared::{
    events::event::Encoding,
    jobs::service::Listening,
    platform::id::{JobId, UserId},
};
use poem::http::HeaderMap;

use crate::{
    auth::Caller,
    http::{
        error::ApiError,
        negotiation,
        stream::{self, Live},
        stream_limit::StreamPermit,
    },
    routes::snapshot,
    state::App,
};

/// How long the first look may take: what the store may take to refuse a statement, and a little more. A store that
/// swallows everything says nothing at all.
const PATIENCE: Duration = Duration::from_secs(6);

/// The job's log from its beginning, or what is left of it; `None` if it cannot be read now.
pub async fn log(app: &App, caller: &Caller, job: JobId, (encoding, permit): (Encoding, StreamPermit)) -> Option<Live> {
    let look = async {
        Ok::<_, ApiError>(match app.jobs.follow(caller.user, job, None, encoding).await? {
            Listening::Follow(follower) => Some(stream::live(app, *follower, Some(caller.expires_at), permit)),
            Listening::Forgotten(row) => Some(snapshot::stream(app, caller.user, *row, (encoding, permit)).await?),
            Listening::NothingMore | Listening::Ahead => None,
        })
    };
    let Ok(looked) = tokio::time::timeout(PATIENCE, look).await else {
        tracing::warn!("submitted, but its log could not be read in time");
        return None;
    };
    told(looked)?
}

/// The finished thing, when the client would rather wait and it is done in time. `show` is asked once the job's log has
/// ended, and returns `None` if the job has not.
pub async fn finished<T>(
    app: &App,
    headers: &HeaderMap,
    (user, job): (UserId, JobId),
    show: impl Future<Output = Result<Option<T>, ApiError>>,
) -> Option<T> {
    let wait = negotiation::prefer_wait(headers).filter(|wait| *wait > Duration::ZERO)?;
    let done = async {
        if let Listening::Follow(follower) = app.jobs.follow(user, job, None, Encoding::Ndjson).await? {
            follower.end().await;
        }
        show.await
    };
    tokio::select! {
        shown = done => told(shown)?,
        () = tokio::time::sleep(wait) => None,
        () = app.draining.cancelled() => None,
    }
}

fn told<T>(looked: Result<T, impl Into<ApiError>>) -> Option<T> {
    looked
        .map_err(|error| {
            let error = anyhow::Error::new(error.into());
            tracing::warn!(error = format!("{error:#}"), "submitted, but its log cannot be read now");
        })
        .ok()
}
