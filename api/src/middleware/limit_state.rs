//! The state of a rate limit on refusals of limited operations, which cost nothing: successes and 429 have it already.
//! `router` wraps the mounts with it. It must never change a refusal, nor delay one by more than [`PATIENCE`].

use std::{sync::Arc, time::Duration};

use almanac_shared::{
    jobs::limits,
    platform::{db::Database, error::LimitState, id::UserId},
};
use poem::{
    Endpoint, EndpointExt, IntoEndpoint, Request, Response,
    http::{HeaderName, HeaderValue, StatusCode},
};
use poem_openapi::OperationId;

use super::Bucket;
use crate::auth::Caller;

/// How long a refusal waits for the state of its limit. An unavailable store answers without it.
const PATIENCE: Duration = Duration::from_millis(250);

/// The bucket of each limited operation.
#[derive(Clone, Debug)]
pub struct LimitedOperations {
    /// Where accepted work is counted.
    pub database: Database,
    /// `operationId` and bucket.
    pub buckets: Vec<(&'static str, Bucket)>,
}

/// Adds the state of the limit to refusals of `mount`.
pub fn with_limit_state<E>(mount: E, operations: LimitedOperations) -> impl Endpoint<Output = Response>
where
    E: IntoEndpoint,
    E::Endpoint: 'static,
{
    let operations = Arc::new(operations);
    mount.into_endpoint().map_to_response().around(move |next, request: Request| {
        let (operations, caller) = (operations.clone(), Caller::of(&request).ok());
        async move {
            let mut refusal = match next.call(request).await {
                Err(error) if is_counted_nowhere(error.status()) => error,
                answered => return answered,
            };
            let bucket = refusal.data::<OperationId>().and_then(|operation| operations.bucket(operation.0));
            let (Some(bucket), Some(caller)) = (bucket, caller) else { return Err(refusal) };
            if let Some(state) = operations.state(caller.user, bucket).await {
                refusal.set_data(LimitHeaders(bucket.headers(state)));
            }
            Err(refusal)
        }
    })
}

/// Refusals that no limit counts. 429 has the state of the limit that refused it; other errors are not about the request.
fn is_counted_nowhere(status: StatusCode) -> bool {
    status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS
}

/// Headers that `boundary` adds to the refusal that carries them.
#[derive(Clone, Debug)]
pub(super) struct LimitHeaders(pub(super) Vec<(HeaderName, HeaderValue)>);

impl LimitedOperations {
    fn bucket(&self, operation: &str) -> Option<Bucket> {
        self.buckets.iter().find(|(name, _)| *name == operation).map(|(_, bucket)| *bucket)
    }

    async fn state(&self, user: UserId, bucket: Bucket) -> Option<LimitState> {
        let state = limits::state(&self.database, user, bucket.name, bucket.rate);
        tokio::time::timeout(PATIENCE, state).await.ok()?.ok()
    }
}
