//! Characters that are not seen but act on the text beside them.

/// Bidi controls, zero-width spaces and byte-order marks. The joiners U+200C and U+200D stay: Persian and emoji need them.
pub const fn is_invisible(char: char) -> bool {
    matches!(char, '\u{61C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'
        | '\u{2066}'..='\u{2069}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}')
}
