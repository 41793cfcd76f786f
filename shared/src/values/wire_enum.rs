//! Closed sets of words and checked texts: each has one spelling for requests, answers, columns and logs.
//! The macros write what every such type needs from one list. They are our own because `strum` covers neither serde nor
//! the list of words that an error message names.

/// A text that is not a value of its type. Holds what was expected, as the end of a sentence that begins with "must be".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be {0}")]
pub struct InvalidText(pub &'static str);

/// Defines enums with one spelling for each variant: `ALL`, `as_str`, `parse`, `Display`, `FromStr`, `Serialize` and
/// `Deserialize`. Attributes are passed on, e.g. `#[derive(sqlx::Type)] #[sqlx(type_name = "text", rename_all = "snake_case")]`.
#[macro_export]
macro_rules! wire_enum {
    ($($(#[$attribute:meta])* pub enum $name:ident {
        $(#[$first_doc:meta])* $first:ident = $first_word:literal,
        $($(#[$doc:meta])* $variant:ident = $word:literal,)*
    })*) => {$(
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize, ::serde::Deserialize)]
        pub enum $name {
            $(#[$first_doc])* #[serde(rename = $first_word)] $first,
            $($(#[$doc])* #[serde(rename = $word)] $variant,)*
        }

        impl $name {
            /// Every variant.
            pub const ALL: &'static [Self] = &[Self::$first, $(Self::$variant,)*];

            /// The spelling in requests, answers, columns and logs.
            pub const fn as_str(self) -> &'static str {
                match self {
                    Self::$first => $first_word,
                    $(Self::$variant => $word,)*
                }
            }

            /// The variant of this spelling.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|variant| variant.as_str() == text)
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::values::wire_enum::InvalidText;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let expected = concat!("one of ", $first_word, $(", ", $word,)*);
                Self::parse(text).ok_or($crate::values::wire_enum::InvalidText(expected))
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )*};
}

/// Implements `Deserialize` for types that are read from a text by their `FromStr`.
macro_rules! deserialize_from_str {
    ($($name:ident)*) => {$(
        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as ::serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(::serde::de::Error::custom)
            }
        }
    )*};
}

pub(crate) use deserialize_from_str;
pub use wire_enum;

#[cfg(test)]
mod tests {
    use super::InvalidText;

    wire_enum! {
        /// Two words.
        pub enum Direction {
            /// Against the stream.
            Up = "up",
            /// With it.
            DownStream = "down-stream",
        }
    }

    #[test]
    fn each_word_is_read_by_its_own_spelling_only() {
        for direction in Direction::ALL {
            let word = direction.as_str();
            assert_eq!(word.parse(), Ok(*direction));
            assert_eq!(direction.to_string(), word);
            assert_eq!(serde_json::to_value(direction).expect("a word"), word);
            assert_eq!(serde_json::from_value::<Direction>(word.into()).expect("read"), *direction);
        }
        for other in ["", "Up", " up", "down_stream", "sideways"] {
            assert_eq!(other.parse::<Direction>(), Err(InvalidText("one of up, down-stream")), "{other}");
            assert_eq!(Direction::parse(other), None, "{other}");
        }
    }
}
