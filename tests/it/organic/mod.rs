//! Organic weeks and their placements: generation, edits, validation, faults.

mod edits;
mod faults;
mod lifecycle;
mod placement_spacing;
mod validation;
