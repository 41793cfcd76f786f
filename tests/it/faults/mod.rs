//! Processes, Redis and Postgres that crash, hang, stall or drain under work, mostly the generation of flashcards. The
//! crashes and deadlines of calendars and weeks are tested in their folders.

pub(crate) mod accepted_work;
mod crash;
mod drain;
mod outage;
mod outage_leases;
mod poison_jobs;
mod postgres_hang;
mod redis_down;
mod slow_postgres;
mod stalled_workers;
mod storm;
