//! The accept loop; see the modules below.
//! Called by `main`. It must never outlive its shutdown.
