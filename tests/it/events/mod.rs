//! Event streams: SSE and NDJSON, resuming, snapshots, the limit of open streams.

mod snapshots;
mod stream_limit;
mod streams;
