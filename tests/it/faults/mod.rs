//! Processes, Redis and Postgres that crash, hang, stall or drain under work, mostly the generation of flashcards. The
//! crashes and deadlines of calendars and weeks are tested in their folders.

mod accepted;
mod crash;
mod degraded;
mod drain;
mod outage;
mod outage_leases;
mod poison;
mod silence;
mod stalls;
mod storm;
