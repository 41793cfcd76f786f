//! One cell of a CSV file that is safe to open in a spreadsheet. Called by every export that writes CSV.
//! It must never let a cell through that a spreadsheet would run.

/// Appends a cell for a spreadsheet: in quotes, and shown as text where it would otherwise be run.
pub fn push_cell(text: &mut String, cell: &str) {
    push_quoted(text, if starts_formula(cell) { "'" } else { "" }, cell);
}

/// Appends a cell in quotes, its own quotes doubled. Quoting always, not on demand, leaves nothing to guess.
pub fn push_quoted(text: &mut String, prefix: &str, cell: &str) {
    text.push('"');
    text.push_str(prefix);
    for (index, part) in cell.split('"').enumerate() {
        if index > 0 {
            text.push_str("\"\"");
        }
        text.push_str(part);
    }
    text.push('"');
}

/// Whether a spreadsheet would run the cell instead of showing it. Such a cell gets a leading single quote, which marks
/// text in spreadsheets; a program that reads the file strips it from these cells only.
pub fn starts_formula(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(text: &str) -> String {
        let mut line = "a,".to_owned();
        push_cell(&mut line, text);
        line
    }

    #[test]
    fn a_cell_stands_in_quotes_and_its_own_quotes_are_doubled() {
        for (text, expected) in
            [("", r#"a,"""#), ("plain", r#"a,"plain""#), (r#"say "hi""#, r#"a,"say ""hi""""#), ("a,b\n", "a,\"a,b\n\"")]
        {
            assert_eq!(cell(text), expected);
        }
    }

    #[test]
    fn a_cell_that_a_spreadsheet_would_run_is_marked_as_text() {
        for start in ["=", "+", "-", "@", "\t", "\r"] {
            assert!(starts_formula(start));
            assert_eq!(cell(&format!("{start}1")), format!("a,\"'{start}1\""));
        }
        for text in ["1=1", " =1", "'=1", ""] {
            assert!(!starts_formula(text), "{text}");
        }
    }

    #[test]
    fn a_prefix_stands_inside_the_quotes() {
        let mut line = String::new();
        push_quoted(&mut line, "p", "x");
        assert_eq!(line, r#""px""#);
    }
}
