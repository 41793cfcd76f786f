//! Flashcards (S2): the words of the domain. The API's routes and the worker's jobs speak them.
//! No other domain is used here.

pub mod export;
