//! What every domain stands on: clock, ids, errors, settings, connections, flags, telemetry.
//! It knows no domain.

pub(crate) mod batcher;
pub mod circuit;
pub mod clock;
pub mod config;
pub mod db;
pub mod error;
pub mod faults;
pub mod flags;
pub mod id;
pub mod metrics;
pub mod redis;
pub mod telemetry;
