//! How a log ends whose job was erased while it was followed: its rows are gone, so the end is written here, in the shape
//! of the job's kind. Called by the reads of the log.

use serde_json::{Value, json};

use super::event::Event;
use crate::{jobs::Kind, platform::id::JobId};

/// Type of the row that `almanac.tail` answers for a job that is gone.
pub(super) const ERASED: &str = "erased";

const MESSAGE: &str = "Removed together with all data of its owner.";

/// The final event at `seq`.
pub(super) fn end_of_erased(job: JobId, kind: Option<Kind>, seq: i64) -> Event {
    let data = match kind {
        Some(Kind::GenerateCalendar) => calendar(job, seq),
        Some(Kind::GenerateOrganic) => {
            json!({ "status": "cancelled", "placements": 0, "errors": 0, "message": MESSAGE })
        }
        Some(Kind::GenerateFlashcards) => counted(json!({ "suggestions": 0 })),
        Some(Kind::GenerateSynthesis) => counted(json!({ "synthesis_id": job, "week": null, "sections": 0 })),
        _ => json!({ "status": "cancelled", "error": error() }),
    };
    let kind = if kind == Some(Kind::GenerateOrganic) { "complete" } else { "done" };
    Event { seq, kind: kind.to_owned(), data: data.to_string() }
}

fn calendar(job: JobId, seq: i64) -> Value {
    json!({
        "data": {
            "status": "cancelled", "entries": 0, "added": null, "updated": null, "removed": null, "latencyMs": null,
            "tokens": 0, "tokensInput": 0, "tokensOutput": 0, "costUsd": null, "message": MESSAGE,
        },
        "error": error(),
        "meta": { "runId": job, "calendarId": null, "version": null, "seq": seq, "done": true },
    })
}

fn counted(mut data: Value) -> Value {
    let common = json!({
        "status": "cancelled", "latency_ms": null, "tokens": 0, "tokens_input": 0, "tokens_output": 0, "cost_usd": null,
        "error": error(),
    });
    if let (Value::Object(data), Value::Object(common)) = (&mut data, common) {
        data.extend(common);
    }
    data
}

fn error() -> Value {
    json!({ "code": "CANCELLED", "message": MESSAGE })
}
