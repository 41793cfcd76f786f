//! Everything that is proven over HTTP.
