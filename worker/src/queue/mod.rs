//! How a worker learns of jobs before it looks for them in Postgres: by messages in Redis.

pub mod redis;
