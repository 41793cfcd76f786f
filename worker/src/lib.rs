//! The worker: claims jobs and acts on the world.
//! `main` starts it; tests reach its parts through this crate.
//! It never speaks HTTP to a client and holds no SQL.

pub mod outbound;
