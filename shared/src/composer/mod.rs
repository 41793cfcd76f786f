//! The offline composer: from a task document to the items a model would answer with, without a model.
//! It serves dry runs in the API and the offline model in the worker.
//! It is pure: no clock, no chance, no I/O; the same document gives the same items, byte for byte.

pub mod calendar;
pub mod flashcards;
mod language;
pub mod organic;
mod sentences;

use serde_json::Value;

/// The items for a document `{"task": "...", ...}`; `None` when the task is not one the composer knows, or the document
/// is not one of that task.
pub fn compose(document: &Value) -> Option<Vec<Value>> {
    match document.get("task")?.as_str()? {
        flashcards::TASK => {
            let document = flashcards::Document::read(document)?;
            Some(flashcards::compose(&document).into_iter().map(Value::from).collect())
        }
        calendar::TASK => {
            let document = calendar::Document::read(document)?;
            Some(calendar::compose(&document).into_iter().map(Value::from).collect())
        }
        organic::TASK => {
            let document = organic::Document::read(document)?;
            Some(organic::compose(&document).into_iter().map(Value::from).collect())
        }
        _ => None,
    }
}
