//! The events of a plan: one for each intent as it stands, then one for each change. They are read from the intents, not
//! from a log, once a second for each open stream.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use almanac_shared::{
    events::event::{Encoding, Event},
    jobs::Kind,
    platform::{
        error::Refusal,
        id::{IntentId, PublishPlanId, UserId},
    },
    publishing::{IntentStatus as Status, service::Publishing, stored::IntentState},
};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{Stream, stream};
use poem_openapi::{Object, ResponseContent, Union, types::Type};
use serde::Serialize;
use serde_json::json;

use super::{dto::plan::PlanCounts, events::PublicationResult};
use crate::{
    auth::Caller,
    http::{
        document_types::lines,
        failure::FailureResponse,
        stream::{Listener, Live, described_logs, unlogged},
        stream_limit::StreamPermit,
    },
    state::App,
};

/// Pause between two reads.
const READ_EVERY: Duration = Duration::from_secs(1);
/// A change carries the time at which it was written and is seen when it is committed: reads go back further than any
/// transaction lasts.
const LATEST_COMMIT: TimeDelta = TimeDelta::seconds(15);

/// The events of a plan.
#[derive(ResponseContent)]
pub enum PlanLog {
    Sse(PlanSse),
    Ndjson(PlanNdjson),
}

described_logs! {
    /// The events of a plan as server-sent events.
    PlanSse(SseLog) as PlanFrame;
    /// The events of a plan as NDJSON.
    PlanNdjson(NdjsonLog) as PlanLine;
}

/// The data of one server-sent event of a plan, by its `event`.
#[derive(Debug, Union)]
#[expect(clippy::large_enum_variant, reason = "for the document only: no value is made")]
pub enum PlanFrame {
    /// `result`.
    Result(PublicationResult),
    /// `done`.
    Done(PlanDone),
}

/// A heartbeat.
#[derive(Debug, Object)]
pub struct PlanProgress {
    completed: u64,
    total: u64,
}

/// Nothing changes any more without a person.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct PlanDone {
    plan_id: String,
    counts: PlanCounts,
}

lines! {
    /// One NDJSON line of a plan, by its `type`. No line has a `seq`.
    PlanLine {
        PlanProgressLine = "progress": PlanProgress,
        PlanResultLine = "result": PublicationResult,
        PlanDoneLine = "done": PlanDone,
        PlanErrorLine = "error": FailureResponse,
    }
}

/// The events of a plan, from now on.
pub(super) struct PlanEvents {
    publishing: Publishing,
    user: UserId,
    plan: PublishPlanId,
    known: HashMap<IntentId, IntentState>,
    newest: DateTime<Utc>,
    unsent: VecDeque<Event>,
    is_done: bool,
}

/// Starts to follow a plan.
///
/// # Errors
/// Missing or not theirs.
pub(super) async fn follow(app: &App, user: UserId, plan: PublishPlanId) -> Result<PlanEvents, Refusal> {
    let publishing = app.publishing.clone();
    let (known, unsent) = (HashMap::new(), VecDeque::new());
    let mut events = PlanEvents { publishing, user, plan, known, newest: DateTime::UNIX_EPOCH, unsent, is_done: false };
    events.read().await?;
    Ok(events)
}

/// The answer that sends the events.
pub(super) fn live(
    app: &App,
    events: PlanEvents,
    caller: &Caller,
    (encoding, permit): (Encoding, StreamPermit),
) -> PlanLog {
    let listener = Listener { encoding, expires_at: caller.expires_at, permit };
    match unlogged(app, Box::pin(events.stream()), Kind::Publish, listener) {
        Live::Sse(log) => PlanLog::Sse(PlanSse(log)),
        Live::Ndjson(log) => PlanLog::Ndjson(PlanNdjson(log)),
    }
}

impl PlanEvents {
    fn stream(self) -> impl Stream<Item = Event> + Send {
        stream::unfold(self, |mut events| async move {
            while events.unsent.is_empty() {
                if events.is_done {
                    return None;
                }
                tokio::time::sleep(READ_EVERY).await;
                match events.read().await {
                    Ok(()) => {}
                    Err(Refusal::NotFound) => return None,
                    // The store is away: heartbeats go on, and the next read tries again.
                    Err(error) => tracing::debug!(%error, "the intents of a plan could not be read"),
                }
            }
            let event = events.unsent.pop_front()?;
            Some((event, events))
        })
    }

    /// Reads what has changed, and makes its events.
    async fn read(&mut self) -> Result<(), Refusal> {
        let since = self.newest - LATEST_COMMIT;
        for state in self.publishing.changes_of_plan(self.user, self.plan, since).await? {
            self.newest = self.newest.max(state.updated_at);
            if self.known.get(&state.id).is_some_and(|known| is_same(known, &state)) {
                continue;
            }
            self.unsent.push_back(result(&state));
            self.known.insert(state.id, state);
        }
        if !self.known.values().any(|state| is_moving(state.status)) {
            self.unsent.push_back(self.done());
            self.is_done = true;
        }
        Ok(())
    }

    fn done(&self) -> Event {
        let counts = PlanCounts::of(self.known.values().map(|state| state.status));
        let done = PlanDone { plan_id: self.plan.to_string(), counts };
        // Numbers and a text always have a JSON form.
        Event::decoration("done", serde_json::to_string(&done).unwrap_or_default())
    }
}

fn result(state: &IntentState) -> Event {
    let data = json!({
        "intentId": state.id, "status": state.status, "externalUrl": state.external_url, "error": state.error,
    });
    Event::decoration("result", data.to_string())
}

/// A change that a client cannot see, such as an upload, is no event.
fn is_same(one: &IntentState, other: &IntentState) -> bool {
    (one.status, &one.external_url, &one.error) == (other.status, &other.external_url, &other.error)
}

/// Whether the state changes without a person.
const fn is_moving(status: Status) -> bool {
    matches!(status, Status::Pending | Status::Publishing | Status::Unknown | Status::Deferred)
}
