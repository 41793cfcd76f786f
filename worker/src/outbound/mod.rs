//! Every call that leaves the building, and the rules such calls share: back-off, retry budget, circuit breaker, redaction.
//! Jobs call in; nothing in here knows a job, a store or a queue.
//! No call is made, and none repeated, that the caller did not ask for: the ledger row comes first.

pub mod ai;
pub mod backoff;
pub mod breaker;
pub mod channels;
pub mod feeds;
mod gated_body;
pub mod guard;
pub mod http;
pub mod mail;
pub mod media;
pub mod redact;
pub mod retry_after;
pub mod retry_budget;
pub mod send_budget;
