//! `Content-Range` of a request that uploads a part of a file, or asks how much of it has arrived.
//! <https://www.rfc-editor.org/rfc/rfc9110#name-content-range>

/// What the header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ContentRange {
    /// These bytes of a file of this size; the size of a file that is being made is not known.
    Part { first: u64, last: u64, total: Option<u64> },
    /// No bytes: `bytes */SIZE`.
    Nothing { total: Option<u64> },
}

impl ContentRange {
    /// `None` if it cannot be read, or contradicts itself.
    pub fn parse(header: &str) -> Option<Self> {
        let (range, total) = header.strip_prefix("bytes ")?.split_once('/')?;
        let total = if total == "*" { None } else { Some(number(total)?) };
        if range == "*" {
            return Some(Self::Nothing { total });
        }
        let (first, last) = range.split_once('-')?;
        let (first, last) = (number(first)?, number(last)?);
        (first <= last && total.is_none_or(|total| last < total)).then_some(Self::Part { first, last, total })
    }

    /// Whether it says that the file ends here.
    pub fn is_last(self) -> bool {
        matches!(self, Self::Part { last, total: Some(total), .. } if last + 1 == total)
    }
}

/// Digits only: no sign.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_names_a_part_or_nothing() {
        let part = |first, last, total| Some(ContentRange::Part { first, last, total });
        assert_eq!(ContentRange::parse("bytes 0-9/20"), part(0, 9, Some(20)));
        assert_eq!(ContentRange::parse("bytes 0-9/*"), part(0, 9, None));
        assert_eq!(ContentRange::parse("bytes */20"), Some(ContentRange::Nothing { total: Some(20) }));
        assert!(ContentRange::parse("bytes 10-19/20").is_some_and(ContentRange::is_last));
        for wrong in ["", "bytes 0-9", "bytes 9-0/20", "bytes 0-20/20", "0-9/20", "bytes +1-9/20", "bytes -9/20"] {
            assert_eq!(ContentRange::parse(wrong), None, "{wrong}");
        }
    }
}
