//! The worker: claims jobs and acts on the world.
//! `main` starts it; tests reach its parts through this crate.
//! It never speaks HTTP to a client and holds no SQL.

pub mod deps;
pub mod early;
pub mod health;
pub mod jobs;
pub mod outbound;
pub mod queue;
pub mod run;
pub mod serve;
pub mod stalls;
pub mod stop;
pub mod sweeper;
