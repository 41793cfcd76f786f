//! The HTTP door of Almanac: it accepts, answers and streams. Called by `main`, and by tests that want the door without
//! a process around it. It never speaks SQL and never calls a provider.

pub mod accept;
pub mod accepted;
pub mod app;
pub mod auth;
pub mod command;
pub mod document;
pub mod error;
pub mod keyed;
pub mod middleware;
pub mod once;
pub mod page;
pub mod reply;
pub mod routes;
pub mod serve;
pub mod server;
pub mod stream;
pub mod stream_limit;
pub mod strict;
pub mod text;
