//! The HTTP API: accepts, answers and streams. Called by `main`, and by tests that want the routes without a process
//! around them. It holds no SQL and calls no provider.

pub mod auth;
pub mod command;
pub mod console;
pub mod http;
pub mod middleware;
pub mod openapi;
pub mod router;
pub mod routes;
pub mod serve;
pub mod server;
pub mod spool;
pub mod state;
