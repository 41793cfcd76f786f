//! Authentication, sessions, the separation of users, row security, and texts that must not leave the system.

mod auth;
pub mod echoes;
mod rows;
mod session;
mod tenants;
mod tls;
