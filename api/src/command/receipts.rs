//! `almanac-api verify-receipts`: checks an export of receipts. It needs no settings and no database, so that an export
//! can be checked anywhere. Exit codes: 0 the chain is whole, 1 it is broken, 2 it could not be checked.

use std::{
    fs,
    io::{self, Read, Write},
    process::ExitCode,
};

use almanac_shared::publishing::receipts::{self, Break, Head};

const USAGE: &str = "usage: almanac-api verify-receipts FILE [--head HASH]
       FILE is what GET /v1/publish/receipts answered, or - for standard input. Without --head (the head of an earlier
       check) the loss of the newest receipts cannot be found.
";

/// What a check found.
#[derive(Debug, PartialEq)]
enum Checked {
    Whole(Head),
    Broken(Break),
    /// Why there is no result.
    Unchecked(String),
}

/// Runs the sub-command with the words behind its name.
pub(super) fn verify(words: &[String]) -> ExitCode {
    let checked = check(words, io::stdin());
    let (code, output, error) = report(&checked);
    let written = io::stdout().write_all(output.as_bytes());
    let _ = io::stderr().write_all(error.as_bytes());
    // A result that was not printed is none.
    ExitCode::from(if written.is_err() { 2 } else { code })
}

fn check(words: &[String], stdin: impl Read) -> Checked {
    let Some((file, head)) = arguments(words) else { return Checked::Unchecked(USAGE.to_owned()) };
    let export = match read(file, stdin) {
        Ok(export) => export,
        Err(error) => return Checked::Unchecked(format!("{file}: {error}\n")),
    };
    match receipts::verify(&export, head) {
        Ok(head) => Checked::Whole(head),
        Err(broken) => Checked::Broken(broken),
    }
}

/// The file and the expected head.
fn arguments(words: &[String]) -> Option<(&str, Option<&str>)> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (file, head) = match words[..] {
        [file] => (file, None),
        [file, "--head", head] | ["--head", head, file] => (file, Some(head)),
        _ => return None,
    };
    let is_option = file.len() > 1 && file.starts_with('-');
    (!is_option && head.is_none_or(is_hash)).then_some((file, head))
}

fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn read(file: &str, mut stdin: impl Read) -> io::Result<Vec<u8>> {
    if file != "-" {
        return fs::read(file);
    }
    let mut export = Vec::new();
    stdin.read_to_end(&mut export)?;
    Ok(export)
}

/// The exit code, and what is printed on standard output and on standard error.
fn report(checked: &Checked) -> (u8, String, String) {
    match checked {
        // As in the export's last line.
        Checked::Whole(head) => match head.line() {
            Ok(line) => (0, line + "\n", String::new()),
            Err(error) => (2, String::new(), format!("{error}\n")),
        },
        Checked::Broken(broken) => (1, String::new(), format!("{broken}\n")),
        Checked::Unchecked(why) => (2, String::new(), why.clone()),
    }
}

#[cfg(test)]
mod tests {
    use almanac_shared::publishing::{
        Channel, IntentStatus, Transport,
        receipts::{Receipt, ReceiptAccount, ReceiptContent},
    };

    use super::*;

    /// The lines of an export of two receipts, and the hash of the second.
    fn export() -> (Vec<String>, String) {
        let content = ReceiptContent {
            intent_id: "intent".to_owned(),
            payload_hash: "ab".repeat(32),
            plan_hash: None,
            transport: Transport::Sandbox,
            approved_by: "anna".to_owned(),
            account: ReceiptAccount {
                channel: Channel::Facebook,
                account_id: "page".to_owned(),
                external_id: "1".to_owned(),
            },
            outcome: IntentStatus::Published,
            external_id: None,
            external_url: None,
            events: Vec::new(),
        };
        let first = Receipt::after(&Head::default(), content.clone()).unwrap();
        let second = Receipt::after(&first.head(), content).unwrap();
        let lines = [first.line(), second.line(), second.head().line()].map(Result::unwrap);
        (lines.to_vec(), second.hash)
    }

    /// The code and both outputs of a check of this standard input.
    fn checked(words: &[&str], stdin: &str) -> (u8, String, String) {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        report(&check(&words, stdin.as_bytes()))
    }

    #[test]
    fn a_whole_chain_is_reported_by_its_count_and_head() {
        let (lines, head) = export();
        let whole = lines.join("\n");
        let printed = (0, format!("{{\"count\":2,\"head\":\"{head}\"}}\n"), String::new());

        for words in [vec!["-"], vec!["-", "--head", &head], vec!["--head", &head, "-"]] {
            assert_eq!(checked(&words, &whole), printed, "{words:?}");
        }
        assert_eq!(checked(&["-"], &(whole + "\n")), printed);
        assert_eq!(checked(&["-"], r#"{"count":0,"head":null}"#).0, 0);
    }

    #[test]
    fn a_broken_chain_is_reported_by_its_first_broken_line() {
        let (lines, _) = export();
        let changed = lines.join("\n").replacen("anna", "otto", 1);
        let without_the_first = lines[1..].join("\n");
        let other = "0".repeat(64);

        assert_eq!(checked(&["-"], &changed), (1, String::new(), "line 1 was changed\n".to_owned()));
        assert_eq!(checked(&["-"], &without_the_first).0, 1);
        assert_eq!(checked(&["-"], "").0, 1);
        let (code, _, error) = checked(&["-", "--head", &other], &lines.join("\n"));
        assert_eq!((code, error.as_str()), (1, "the chain does not end at the expected head\n"));
    }

    #[test]
    fn a_file_is_read_and_what_cannot_be_read_is_no_broken_chain() {
        let (lines, _) = export();
        let file = std::env::temp_dir().join(format!("almanac-receipts-{}", uuid::Uuid::new_v4()));
        fs::write(&file, lines.join("\n")).unwrap();
        let name = file.to_str().unwrap();

        let read = checked(&[name], "");
        fs::remove_file(&file).unwrap();
        let missing = checked(&[name], "");

        assert_eq!(read.0, 0);
        assert_eq!((missing.0, missing.2.starts_with(name)), (2, true), "{missing:?}");
    }

    #[test]
    fn wrong_arguments_are_no_broken_chain() {
        let short = "ab".repeat(31);
        let upper = "AB".repeat(32);
        for words in [
            &[][..],
            &["-", "-"],
            &["-", "--head"],
            &["-", "--head", &short],
            &["-", "--head", &upper],
            &["--help"],
            &["-", "--tail", &short],
        ] {
            assert_eq!(checked(words, ""), (2, String::new(), USAGE.to_owned()), "{words:?}");
        }
    }
}
