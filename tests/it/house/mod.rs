//! Rules about the repository itself: its source tree and its documents. These tests start no service.

mod alerts;
mod docs;
pub mod rules;
