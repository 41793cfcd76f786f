//! The proving ground: private services, processes under test, a scripted world and the people who use it all.
//! `tests/it` calls it; a test calls `Stack::builder().start().await`, takes a user and sends HTTP requests.
//! It must never reach for a server that it did not start, nor leave one behind.
//!
//! What the harness itself cannot do fails the test on the spot, with the reason: its functions return plain values.

pub mod actor;
pub mod contract;
pub mod invariants;
pub mod observe;
pub mod process;
pub mod proxy;
pub mod rows;
pub mod run;
pub mod services;
pub mod settings;
pub mod stack;
pub mod world;

pub use actor::{Reply, User};
pub use observe::{OrFail, eventually};
pub use proxy::{Mode, Proxy};
pub use services::Services;
pub use stack::{CREDENTIALS_KEY, Node, Stack};
pub use world::{Script, World};
