//! The job queue, the same for jobs of every kind: submitting, claims and leases, locked rows, expiry, attempts, and
//! the operators' routes.

pub mod admin;
mod attempt_accounting;
mod backlog;
mod ended_by_database;
mod expiry;
mod fence;
mod idle_pickup;
mod lease;
mod lock_contention;
mod lock_contention_sweeps;
mod submit_batching;
