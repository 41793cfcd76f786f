//! The job queue, the same for jobs of every kind: submitting, claims and leases, locked rows, expiry, attempts, and the
//! operators' routes.

pub mod admin;
mod backlog;
mod ends;
mod expiry;
mod fence;
mod held;
mod held_rounds;
mod lease;
mod lone;
mod together;
mod waiting;
