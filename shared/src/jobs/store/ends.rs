//! The end of running jobs as their workers report it, for all kinds.
//! Called by `jobs/endings.rs`; decides nothing.

use serde_json::Value;

use super::{Failure, Lease, State, WriteError, calls::CallEnd};
use crate::platform::db::PinnedConnection;

/// All that a job ends with.
#[derive(Clone, Debug)]
pub struct Conclusion {
    /// The right to write it.
    pub lease: Lease,
    /// Final.
    pub state: State,
    /// Why, unless it succeeded.
    pub failure: Option<Failure>,
    /// Type and data of events that are not stored yet, before the final one.
    pub events: Vec<(String, String)>,
    /// `{completed, total, stage, percent}` for clients that poll the job.
    pub progress: Option<Value>,
    /// The call that ends with the job.
    pub call: Option<CallEnd>,
    /// Results that are not stored yet and totals, in the form that the kind's `on_finish` takes.
    pub result: Value,
    /// The final event's data.
    pub data: String,
}

/// Ends jobs in one statement and one commit. Returns for each the seq of its final event, or why nothing of it is
/// written. One refused row refuses them all.
pub(crate) async fn finish_jobs(
    pinned: &mut PinnedConnection,
    conclusions: &[&Conclusion],
) -> Result<Vec<Result<i64, WriteError>>, WriteError> {
    fn each<T>(conclusions: &[&Conclusion], of: impl Fn(&Conclusion) -> T) -> Vec<T> {
        conclusions.iter().map(|conclusion| of(conclusion)).collect()
    }
    let error = |failure: &Failure| serde_json::to_value(failure).ok();
    let events = (1_i32..).zip(conclusions).flat_map(|(place, conclusion)| {
        conclusion.events.iter().map(move |(kind, data)| (place, (kind.as_str(), data.as_str())))
    });
    let (event_of, (types, data)): (Vec<i32>, (Vec<&str>, Vec<&str>)) = events.unzip();
    let mut connection = pinned.take().await?;
    let ended = sqlx::query!(
        r#"
        SELECT n AS "n!", seq, busy AS "busy!"
          FROM almanac.finish_jobs($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        "#,
        &each(conclusions, |c| c.lease.job.0),
        &each(conclusions, |c| c.lease.epoch),
        &each(conclusions, |c| c.state.as_str().to_owned()),
        &each(conclusions, |c| c.failure.as_ref().and_then(error)) as &[Option<Value>],
        &each(conclusions, |c| c.progress.clone()) as &[Option<Value>],
        &each(conclusions, |c| c.call.as_ref().map(CallEnd::row)) as &[Option<Value>],
        &each(conclusions, |c| c.result.clone()),
        &each(conclusions, |c| c.data.clone()),
        &event_of,
        &types as &[&str],
        &data as &[&str]
    )
    .fetch_all(&mut *connection);
    let answer = pinned.answer(ended).await;
    pinned.put_back(connection, &answer);
    let mut ended: Vec<Result<i64, WriteError>> = conclusions.iter().map(|_| Err(WriteError::LeaseLost)).collect();
    for row in answer? {
        if let Some(end) = usize::try_from(row.n - 1).ok().and_then(|at| ended.get_mut(at)) {
            *end = match row.seq {
                Some(seq) if !row.busy => Ok(seq),
                _ => Err(WriteError::Busy),
            };
        }
    }
    Ok(ended)
}
