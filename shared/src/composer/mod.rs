//! The offline composer: from a task document to the items a model would answer with, without a model.
//! It serves dry runs in the API and the offline model in the worker.
//! It is pure: no clock, no chance, no I/O; the same document gives the same items, byte for byte.

pub mod calendar;
pub mod flashcards;
mod language;
pub mod organic;
mod sentences;
pub mod synthesis;

use serde_json::Value;

type Compose = fn(&Value) -> Option<Vec<Value>>;

/// Each task with what composes its items.
const TASKS: &[(&str, Compose)] = &[
    (flashcards::TASK, |document| items(&flashcards::Document::read(document)?, flashcards::compose)),
    (calendar::TASK, |document| items(&calendar::Document::read(document)?, calendar::compose)),
    (organic::TASK, |document| items(&organic::Document::read(document)?, organic::compose)),
    (synthesis::TASK, |document| items(&synthesis::Document::read(document)?, synthesis::compose)),
];

/// Whether the composer knows a task.
pub fn knows(task: &str) -> bool {
    composer_of(task).is_some()
}

/// The items for a document `{"task": "...", ...}`; `None` if the composer does not know the task, or the document is
/// not one of that task.
pub fn compose(document: &Value) -> Option<Vec<Value>> {
    composer_of(document.get("task")?.as_str()?)?(document)
}

fn composer_of(task: &str) -> Option<Compose> {
    TASKS.iter().find(|(name, _)| *name == task).map(|(_, compose)| *compose)
}

fn items<D, T: Into<Value>>(document: &D, compose: impl Fn(&D) -> Vec<T>) -> Option<Vec<Value>> {
    Some(compose(document).into_iter().map(Into::into).collect())
}
