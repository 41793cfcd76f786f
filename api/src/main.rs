//! The API process.

fn main() {}
