//! How a worker learns of jobs: by messages in Redis, and by polling Postgres for those that no message brought.

pub mod poll;
pub mod redis;
