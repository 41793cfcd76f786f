//! What the scripted world saw: every call, in order, with its end. The independent witness of a test.
//! The server writes, tests read. It must never learn anything from the system under test but the bytes it sent.

use std::{collections::BTreeMap, sync::Mutex, time::Duration};

use serde_json::Value;
use tokio::{sync::watch, time::Instant};

use crate::run::locked;

/// How a call ended, or where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Being answered.
    Open,
    /// Waiting for `World::release`.
    Holding,
    /// Answered to its scripted end.
    Completed,
    /// Refused with a status.
    Refused(u16),
    /// Broken off by the script.
    Broken,
    /// The client closed the connection before the script ended.
    ClosedByClient,
}

/// One call of the model.
#[derive(Clone, Debug)]
pub struct Call {
    /// Its place in the ledger.
    pub number: usize,
    /// The key in its source text, else the script it names, else empty.
    pub key: String,
    /// When its body had arrived.
    pub at: Instant,
    /// The model it asks for.
    pub model: String,
    /// Whether it carried a bearer key.
    pub authorized: bool,
    /// Its headers, lower case, without the key.
    pub headers: BTreeMap<String, String>,
    /// Its body.
    pub body: Value,
    /// The task document: the JSON of the user message.
    pub task: Value,
    /// Cards that were sent completely.
    pub cards_sent: usize,
    /// Its end.
    pub outcome: Outcome,
}

impl Call {
    /// The W3C trace context it came with.
    pub fn traceparent(&self) -> Option<&str> {
        self.headers.get("traceparent").map(String::as_str)
    }

    /// The system prompt it came with.
    pub fn system_prompt(&self) -> &str {
        message(&self.body, "system")
    }
}

pub(super) fn message<'a>(body: &'a Value, role: &str) -> &'a str {
    let messages = body["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    messages.iter().find(|message| message["role"] == role).and_then(|found| found["content"].as_str()).unwrap_or("")
}

/// All calls, in the order of their arrival.
#[derive(Debug)]
pub struct Ledger {
    calls: Mutex<Vec<Call>>,
    changed: watch::Sender<()>,
}

impl Default for Ledger {
    fn default() -> Self {
        Self { calls: Mutex::default(), changed: watch::Sender::new(()) }
    }
}

impl Ledger {
    /// Writes a call down; returns its number.
    pub(super) fn open(&self, mut call: Call) -> usize {
        let mut calls = locked(&self.calls);
        call.number = calls.len();
        let number = call.number;
        calls.push(call);
        drop(calls);
        self.changed.send_replace(());
        number
    }

    /// Changes the latest state of a call; what arrived is never changed.
    pub(super) fn update(&self, number: usize, change: impl FnOnce(&mut Call)) {
        locked(&self.calls).get_mut(number).map(change);
        self.changed.send_replace(());
    }

    /// A copy of all calls.
    pub fn all(&self) -> Vec<Call> {
        locked(&self.calls).clone()
    }

    /// A copy of the calls with a key.
    pub fn of(&self, key: &str) -> Vec<Call> {
        locked(&self.calls).iter().filter(|call| call.key == key).cloned().collect()
    }

    /// How many calls there were with each key.
    pub fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for call in locked(&self.calls).iter() {
            *counts.entry(call.key.clone()).or_default() += 1;
        }
        counts
    }

    /// Waits until the calls are as the test wants them, 45 s at most. Woken by changes, not by a clock.
    pub async fn wait_for<T>(&self, what: &str, found: impl Fn(&[Call]) -> Option<T>) -> T {
        let mut changed = self.changed.subscribe();
        let look = async {
            loop {
                if let Some(answer) = found(&locked(&self.calls)) {
                    return answer;
                }
                // The sender lives as long as self.
                let _ = changed.changed().await;
            }
        };
        match tokio::time::timeout(Duration::from_secs(45), look).await {
            Ok(answer) => answer,
            Err(_) => panic!("the provider did not see within 45 s: {what}\n{:#?}", self.summary()),
        }
    }

    fn summary(&self) -> Vec<(usize, String, Outcome, usize)> {
        let calls = locked(&self.calls);
        calls.iter().map(|call| (call.number, call.key.clone(), call.outcome, call.cards_sent)).collect()
    }
}
