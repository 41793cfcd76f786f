//! Calendars: generation and edits, the deadline, crashes, concurrent changes, load.

mod calendar_crash;
mod calendar_faults;
mod calendar_load;
mod calendar_races;
mod calendar_seen;
mod calendar_shapes;
mod lifecycle;
