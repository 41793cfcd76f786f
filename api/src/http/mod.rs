//! What routes share: bodies and their checks, answers, errors, streams.

pub mod document;
pub mod document_types;
pub mod error;
pub mod failure;
pub mod file;
pub mod idempotent_json;
pub mod idempotent_post;
pub mod merge_patch;
pub mod negotiation;
pub mod page;
pub mod raw_body;
pub mod reply;
pub mod secret;
pub mod stream;
pub mod stream_limit;
pub mod strict_json;
pub mod text;
pub mod webhook;
