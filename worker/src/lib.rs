//! The worker: claims jobs and calls the outside world.
//! `main` starts it; tests reach its parts through this crate.
//! It serves no client and holds no SQL.

pub mod deps;
pub mod health;
pub mod jobs;
pub mod maintenance;
pub mod outbound;
pub mod queue;
pub mod runner;
pub mod scheduler;
pub mod serve;
pub mod stalls;
