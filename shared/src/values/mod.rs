//! Pure value types and rules that several domains share. No I/O.

pub mod canonical_json;
pub mod csv;
pub mod invisible;
pub mod json_reader;
pub mod local_time;
pub mod merge;
pub mod wire_enum;
