//! How a job's story reaches those who listen: append (worker), replay and follow (API).
//! Postgres holds the log; Redis only carries the same bytes a little earlier.

mod erased;
pub mod event;
pub mod follower;
pub mod log;
pub mod relay;
pub mod watch;
