//! Removal of data: a user's erase, deletion of single resources, retention.

mod erase;
mod erase_jobs;
mod removals;
mod retention;
