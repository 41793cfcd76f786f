//! Calls of the model's provider: what is asked and counted, which answers are usable, retries, the circuit breaker.

pub mod answers;
mod calls;
mod circuits;
mod world_ai;
