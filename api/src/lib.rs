//! The HTTP door of Almanac: it accepts, answers and streams. Called by `main`, and by tests that want the door without
//! a process around it. It never speaks SQL and never calls a provider.

pub mod accept;
pub mod auth;
pub mod error;
pub mod middleware;
pub mod reply;
pub mod server;
pub mod strict;
