//! Fields of a JSON merge patch (RFC 7396).

use poem_openapi::types::MaybeUndefined;

/// One field of a merge patch: absent leaves it, null takes it away.
pub fn patch<T, U: Into<T>>(field: &mut Option<T>, patch: MaybeUndefined<U>) {
    match patch {
        MaybeUndefined::Undefined => {}
        MaybeUndefined::Null => *field = None,
        MaybeUndefined::Value(value) => *field = Some(value.into()),
    }
}
