//! Organic weeks and their placements: generation, edits, validation, faults.

mod lifecycle;
mod organic_edits;
mod organic_faults;
mod organic_rules;
mod spacing;
