//! Everything that is proven over HTTP, against real Postgres and Redis, one binary. One file per subject.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on ends here, and has a clock of its own"
)]

mod accepted;
mod admin;
mod answers;
mod auth;
mod backlog;
mod brands;
mod brands_input;
mod brands_search;
mod calendar;
mod calendar_crash;
mod calendar_faults;
mod calendar_load;
mod calendar_races;
mod calendar_seen;
mod calendar_shapes;
mod calls;
mod circuits;
mod connections;
mod crash;
mod degraded;
mod docs;
mod drain;
mod echoes;
mod edge;
mod ends;
mod erase;
mod erase_jobs;
mod expiry;
mod export;
mod fence;
mod flags;
mod flashcards;
mod held;
mod held_rounds;
mod house;
mod idempotency;
mod ids;
mod input;
mod keys;
mod lease;
mod limits;
mod lists;
mod lone;
mod migrate;
mod openapi;
mod organic;
mod organic_edits;
mod organic_faults;
mod organic_rules;
mod outage;
mod outage_leases;
mod plans;
mod platform;
mod poison;
mod removals;
mod retention;
mod review;
mod rows;
mod session;
mod settings;
mod silence;
mod snapshots;
mod spacing;
mod stalls;
mod storm;
mod stream_limit;
mod streams;
mod tenants;
mod tls;
mod together;
mod trace;
mod versions;
mod waited;
mod waiting;
mod wire;
mod world_ai;
