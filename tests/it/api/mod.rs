//! What every route has in common: envelopes and headers, validation, ids, idempotency keys, rate limits, lists, the
//! OpenAPI document, and HTTP itself. The routes of one domain are tested in its folder.

mod console;
mod conventions;
mod http_protocol;
mod idempotency;
mod idempotent_posts;
mod ids_and_lengths;
pub mod lists;
mod openapi;
mod prefer_wait;
mod rate_limits;
mod raw_http;
mod validation;
