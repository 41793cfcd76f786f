//! Brands and their accounts, trends and assets.

mod crud;
mod search;
mod validation;
