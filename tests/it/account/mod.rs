//! Removal of data: a user's erase, deletion of single resources, retention.

mod deletions;
mod erase;
mod erase_jobs;
mod retention;
