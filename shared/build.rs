//! A migration is part of the program that applies it, and the compiler does not see that by itself.

fn main() {
    println!("cargo:rerun-if-changed=../migrations");
}
