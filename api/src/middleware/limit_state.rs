//! The state of a rate limit on refusals of limited operations, which cost nothing: successes and 429 have it already.
//! `router` wraps the mounts with it. It must never change a refusal, nor delay one by more than [`PATIENCE`].
//! Written here because the state is read from our own tables; crates for rate limits know only their own counts.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use almanac_shared::{
    jobs::{Kind, limits},
    platform::{db::Database, error::LimitState, id::UserId},
};
use poem::{
    Endpoint, EndpointExt, IntoEndpoint, Request, Response,
    http::{HeaderName, HeaderValue, StatusCode},
};
use poem_openapi::{OpenApi, OperationId};

use super::{Bucket, KindLimits};
use crate::auth::Caller;

/// How long a refusal waits for the state of its limit. An unavailable store answers without it.
const PATIENCE: Duration = Duration::from_millis(250);

/// The bucket of each operation that submits a job.
#[derive(Clone, Debug)]
pub struct LimitedOperations {
    database: Database,
    /// By `operationId`.
    buckets: BTreeMap<String, Bucket>,
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
    /// The operations of `T` that kinds of jobs name as their route. Accepted jobs are counted in `database`.
    pub fn of<T: OpenApi>(database: Database, limits: &KindLimits) -> Self {
        let bucket = |route: &str| {
            let kind = Kind::ALL.iter().find(|kind| kind.route() == route)?;
            Some(limits.bucket(*kind))
        };
        let mut buckets = BTreeMap::new();
        for path in T::meta().iter().flat_map(|api| &api.paths) {
            for operation in &path.operations {
                let bucket = bucket(&format!("{} /v1{}", operation.method, path.path));
                buckets.extend(operation.operation_id.map(str::to_owned).zip(bucket));
            }
        }
        Self { database, buckets }
    }

    fn bucket(&self, operation: &str) -> Option<Bucket> {
        self.buckets.get(operation).copied()
    }

    async fn state(&self, user: UserId, bucket: Bucket) -> Option<LimitState> {
        let state = limits::state(&self.database, user, bucket.name, bucket.rate);
        tokio::time::timeout(PATIENCE, state).await.ok()?.ok()
    }
}
