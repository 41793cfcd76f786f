//! Flashcards: a generation, the review of its suggestions, the export of cards.

mod example;
mod export;
mod review;
