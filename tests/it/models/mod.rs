//! Calls of the model's provider: what is asked and counted, which answers are usable, retries, the circuit breaker.

mod call_ledger;
mod circuit_breaker;
pub mod domain_outcomes;
mod provider_behaviour;
