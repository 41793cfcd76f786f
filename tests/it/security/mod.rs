//! Authentication, sessions, the separation of users, row security, and texts that must not leave the system.

mod auth;
pub mod prompt_leaks;
mod redis_tls;
mod resources;
mod row_security;
mod session;
mod tenant_isolation;
