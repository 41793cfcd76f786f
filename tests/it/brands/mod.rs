//! Brands and their accounts, trends and assets.

mod brands_input;
mod brands_search;
mod crud;
