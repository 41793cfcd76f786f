//! What every route has in common: envelopes and headers, validation, ids, idempotency keys, rate limits, lists, the
//! OpenAPI document, and HTTP itself. The routes of one domain are tested in its folder.

mod edge;
mod idempotency;
mod ids;
mod input;
mod keys;
mod limits;
pub mod lists;
mod openapi;
mod platform;
mod waited;
mod wire;
