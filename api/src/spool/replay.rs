//! Submits what waited: in its order, by the same use-case as any request, so ownership, limits and idempotency are
//! those of the moment. What is refused is stored as the answer of its key.

use std::{collections::HashSet, time::Duration};

use almanac_shared::{
    jobs::Kind,
    platform::{error::Refusal, id::UserId},
    publishing::{
        request::Order,
        service::{Submission, Submitted},
    },
};

use super::Deferred;
use crate::{http::error::ApiError, routes::publishing::real_call, state::App};

/// Pause between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What became of a request that waited.
enum Replayed {
    /// It is submitted, or its refusal is stored.
    Done,
    /// Its user is at the limit: their other requests wait, too.
    Limited,
    /// It can be tried again later.
    Later,
    /// Postgres is unavailable: everything waits.
    Unavailable,
}

/// Submits what waits whenever Postgres answers, until the process ends.
pub async fn replay(app: App) {
    while !app.draining.is_cancelled() {
        let waiting = app.spool.waiting();
        if !waiting.is_empty() && app.database.answers().await {
            submit_all(&app, waiting).await;
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = app.draining.cancelled() => return,
        }
    }
}

async fn submit_all(app: &App, waiting: Vec<Deferred>) {
    let mut limited: HashSet<UserId> = HashSet::new();
    for request in waiting {
        if app.draining.is_cancelled() {
            return;
        }
        if limited.contains(&request.user) {
            continue;
        }
        match submit(app, &request).await {
            Replayed::Done => app.spool.remove(request.id).await,
            Replayed::Limited => {
                limited.insert(request.user);
            }
            Replayed::Later => {}
            Replayed::Unavailable => return,
        }
    }
}

async fn submit(app: &App, request: &Deferred) -> Replayed {
    let Some(key) = request.key() else {
        tracing::error!(requestId = request.request_id, "a request in the spool has no fingerprint");
        return Replayed::Done;
    };
    let submitted = match Order::parse(request.body.clone()) {
        Ok(order) => {
            let submission = Submission {
                user: request.user,
                order,
                key: Some(key.clone()),
                trace: None,
                request_id: Some(request.request_id.clone()),
                deferred_at: Some(request.accepted_at),
            };
            app.publishing.submit(&submission, &real_call::write).await
        }
        Err(refusal) => Err(refusal),
    };
    match submitted {
        Ok(Submitted::Accepted(accepted)) => {
            tracing::info!(
                requestId = request.request_id,
                userId = %request.user,
                intents = accepted.made,
                "a deferred request was submitted"
            );
            (0..accepted.made).for_each(|_| app.metrics.job_accepted(Kind::Publish.as_str()));
            Replayed::Done
        }
        Ok(Submitted::Refused(_)) => Replayed::Done,
        Err(refusal) => refused(app, request, &key, refusal).await,
    }
}

async fn refused(app: &App, request: &Deferred, key: &(String, [u8; 32]), refusal: Refusal) -> Replayed {
    match refusal {
        Refusal::StoreGone(_) | Refusal::StoreUnavailable(_) | Refusal::Unconfirmed { .. } => Replayed::Unavailable,
        Refusal::RateLimited(_) => Replayed::Limited,
        // Another request holds the key at this moment.
        Refusal::KeyInProgress => Replayed::Later,
        Refusal::KeyReused => {
            tracing::warn!(
                requestId = request.request_id,
                userId = %request.user,
                "the key of a deferred request was used with another body before"
            );
            Replayed::Done
        }
        Refusal::Unexpected(cause) => {
            tracing::error!(
                requestId = request.request_id,
                userId = %request.user,
                error = format!("{cause:#}"),
                "a deferred request could not be submitted; it waits on"
            );
            Replayed::Later
        }
        refusal => {
            let error = ApiError::from(refusal);
            tracing::warn!(
                requestId = request.request_id,
                userId = %request.user,
                code = error.code.as_str(),
                "a deferred request was refused"
            );
            let Ok(text) = real_call::write_refusal(&error) else { return Replayed::Later };
            match app.publishing.keep_refusal(request.user, key, &text).await {
                Ok(()) => Replayed::Done,
                Err(_) => Replayed::Unavailable,
            }
        }
    }
}
