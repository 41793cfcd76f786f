//! Calendars: generation and edits, the deadline, crashes, concurrent changes, load.

mod crash;
mod faults;
mod lifecycle;
mod load;
mod observability;
mod openapi;
mod races;
