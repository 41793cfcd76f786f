//! A run that never was: the events a client sees while calendars are switched off or nothing can be stored.
//! Called by the submitting route. Pure: the same request against the same saved entries gives the same bytes; nothing is
//! stored, no model is asked, and no id is made up for what does not exist.

use serde_json::{Map, Value, json};

use super::{EntryKey, Slot, content::Content, rules::CalendarRequest, run, task};
use crate::events::event::Event;

/// Why nothing is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// An operator has switched calendars off.
    SwitchedOff,
    /// The store is unavailable.
    StorageAway,
}

/// What a dry run gives.
#[derive(Clone, Debug)]
pub struct DryRun {
    /// The entries it made, one for each slot.
    pub entries: Vec<(EntryKey, Content)>,
    /// Its summary, as the final event has it.
    pub summary: Value,
    /// Its log.
    pub events: Vec<Event>,
}

/// Fills every slot offline. `diff` is the finding against what is saved, for a request that names a calendar.
pub fn dry_run(request: &CalendarRequest, slots: &[Slot], diff: Option<Value>, reason: Reason) -> DryRun {
    let entries = task::dry_run(request, slots);
    let count = |list: &str| diff.as_ref().map(|diff| diff[list].as_array().map_or(0, Vec::len));
    let summary = json!({
        "status": "succeeded", "entries": entries.len(), "added": count("added").unwrap_or(entries.len()),
        "updated": count("updated").unwrap_or(0), "removed": count("removed").unwrap_or(0), "latencyMs": 0,
        "tokens": 0, "tokensInput": 0, "tokensOutput": 0, "costUsd": 0.0, "persisted": false,
        "message": message(reason),
    });
    let mut log = Log { request, reason, events: Vec::new() };
    let progress = |completed: usize, stage: &str| {
        let percent = completed * 100 / slots.len().max(1);
        json!({ "completed": completed, "total": slots.len(), "stage": stage, "percent": percent })
    };
    log.tell("progress", &progress(0, "drafting"));
    for (key, content) in &entries {
        log.tell("entry", &run::wire(None, key, content));
    }
    log.tell("progress", &progress(slots.len(), "finalizing"));
    if let Some(diff) = diff {
        log.tell("diff", &diff);
    }
    log.tell("done", &summary);
    DryRun { entries, summary, events: log.events }
}

const fn message(reason: Reason) -> &'static str {
    match reason {
        Reason::SwitchedOff => "Calendars are switched off: this is a dry run, and nothing of it is kept.",
        Reason::StorageAway => "Nothing can be stored at the moment: this is a dry run, and nothing of it is kept.",
    }
}

struct Log<'a> {
    request: &'a CalendarRequest,
    reason: Reason,
    events: Vec<Event>,
}

impl Log<'_> {
    fn tell(&mut self, kind: &str, data: &Value) {
        let seq = i64::try_from(self.events.len() + 1).unwrap_or(i64::MAX);
        let mut meta = Map::new();
        meta.insert("runId".to_owned(), Value::Null);
        meta.insert("calendarId".to_owned(), json!(self.request.calendar_id));
        meta.insert("version".to_owned(), Value::Null);
        meta.insert("seq".to_owned(), seq.into());
        meta.insert("done".to_owned(), (kind == "done").into());
        meta.insert("dryRun".to_owned(), true.into());
        if self.reason == Reason::StorageAway {
            meta.insert("degraded".to_owned(), json!(["storage"]));
        }
        let data = run::envelope(data, &Value::Null, meta.into());
        self.events.push(Event { seq, kind: kind.to_owned(), data });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::{rules::RequestBody, slots};

    fn request() -> (CalendarRequest, Vec<Slot>) {
        let body = json!({"channels": ["instagram"], "cadence": "daily", "start": "2026-01-26", "end": "2026-01-28"});
        let request = CalendarRequest::parse(serde_json::from_value::<RequestBody>(body).unwrap()).unwrap();
        let slots = slots::compute(&request, 200).unwrap();
        (request, slots)
    }

    #[test]
    fn a_dry_run_has_the_shape_of_a_run_and_the_same_bytes_each_time() {
        let (request, slots) = request();

        let events = dry_run(&request, &slots, None, Reason::SwitchedOff).events;

        let kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, ["progress", "entry", "entry", "entry", "progress", "done"]);
        assert_eq!(events, dry_run(&request, &slots, None, Reason::SwitchedOff).events);
        for (at, event) in events.iter().enumerate() {
            let frame: Value = serde_json::from_str(&event.data).unwrap();
            assert_eq!(frame["meta"]["seq"], at + 1);
            assert_eq!(frame["meta"]["dryRun"], true);
            assert_eq!(frame["meta"]["done"], at + 1 == events.len());
            assert!(frame["error"].is_null() && frame["meta"]["degraded"].is_null());
            let percent = [json!(0), json!(100)][usize::from(at > 0)].clone();
            assert!(event.kind != "progress" || frame["data"]["percent"] == percent, "{frame}");
        }
    }

    #[test]
    fn a_dry_run_without_a_store_says_so_in_every_frame() {
        let (request, slots) = request();

        let run = dry_run(&request, &slots, None, Reason::StorageAway);

        assert_eq!(run.summary["persisted"], false);
        assert!(run.events.iter().all(|event| event.data.contains(r#""degraded":["storage"]"#)));
    }
}
